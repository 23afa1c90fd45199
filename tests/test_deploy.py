"""What stands in deploy/ is what Kubernetes and Diglot take, and its parts fit together."""

from __future__ import annotations

import math
import re
import tomllib
from itertools import product
from pathlib import Path
from typing import Any

import kubernetes_validate
import pytest
import yaml

from core.__main__ import parse_arguments
from core.config.config import Config, load_config
from core.gateway.gate import MAX_REQUEST
from tests.test_architecture import ROOT

DEPLOY = ROOT / "deploy"
SECRETS = {"LITELLM_MASTER_KEY": "sk-not-a-secret-0123456789", "REDIS_URL": "redis://redis:6379"}


def objects() -> list[dict[str, Any]]:
    """Return all manifests that kustomization.yaml lists."""
    folder = DEPLOY / "kubernetes"
    listed = yaml.safe_load((folder / "kustomization.yaml").read_text())["resources"]
    texts = [(folder / name).read_text() for name in listed]
    return [found for text in texts for found in yaml.safe_load_all(text)]


def named(found: dict[str, Any]) -> str:
    return f"{found['kind']}-{found['metadata']['name']}"


OBJECTS = objects()
PODS = [
    found["spec"]["template"]["spec"] for found in OBJECTS if "template" in found.get("spec", {})
]
CONTAINERS = [container for pod in PODS for container in pod["containers"]]
APPS = {f["metadata"]["labels"]["app"] for f in OBJECTS if "template" in f.get("spec", {})}


@pytest.mark.parametrize("found", OBJECTS, ids=named)
def test_kubernetes_takes_it(found: dict[str, Any]) -> None:
    kubernetes_validate.validate(found, kubernetes_validate.latest_version(), strict=True)


@pytest.mark.parametrize("container", CONTAINERS, ids=lambda c: c["name"])
def test_containers_are_probed_bounded_and_hold_no_secret(container: dict[str, Any]) -> None:
    assert container["livenessProbe"] and container["readinessProbe"]
    assert container["resources"]["requests"]["memory"] and container["resources"]["limits"]
    assert container["securityContext"]["allowPrivilegeEscalation"] is False
    for entry in container.get("env", ()):
        secret = any(word in entry["name"] for word in ("KEY", "PASSWORD", "DATABASE"))
        assert not secret or "secretKeyRef" in entry["valueFrom"]


def test_probes_ask_for_routes_that_there_are() -> None:
    health = (ROOT / "core/gateway/endpoints/health.py").read_text()
    (gateway,) = (c for c in CONTAINERS if c["name"] == "gateway")
    for probe in (gateway["livenessProbe"], gateway["readinessProbe"]):
        assert f'("{probe["httpGet"]["path"]}"' in health


def test_a_pod_is_given_the_time_that_its_programs_take_to_end() -> None:
    """A process that is killed in the middle of its drain cuts the answers in work."""
    for pod in PODS:
        (container,) = pod["containers"]
        if container["image"] != "diglot":
            continue
        assert container["startupProbe"]
        (waits,) = container["lifecycle"]["preStop"]["exec"]["command"][1:]
        arguments = container.get("args", [])
        drain = math.ceil(cluster_config().drain)
        if "--drain" in arguments:
            drain = parse_arguments(arguments[3:]).drain
        assert int(waits) + drain < pod["terminationGracePeriodSeconds"]


def test_whatever_has_more_than_one_pod_keeps_one_while_nodes_are_drained() -> None:
    kept = {f["metadata"]["name"] for f in OBJECTS if f["kind"] == "PodDisruptionBudget"}
    many = {
        f["metadata"]["name"]
        for f in OBJECTS
        if f["kind"] == "Deployment" and f["spec"]["replicas"] > 1
    }
    assert many == kept == {"gateway", "ui"}


def test_services_and_policies_name_pods_that_there_are() -> None:
    for found in OBJECTS:
        spec = found.get("spec", {})
        if found["kind"] == "Service":
            assert spec["selector"]["app"] in APPS
        elif found["kind"] == "NetworkPolicy":
            selectors = [spec["podSelector"]]
            selectors += [
                f["podSelector"] for i in spec.get("ingress", ()) for f in i.get("from", ())
            ]
            for selector in selectors:
                chosen = set(selector.get("matchLabels", {}).values())
                for expression in selector.get("matchExpressions", ()):
                    chosen |= set(expression["values"])
                assert chosen <= APPS


def test_hosts_of_the_config_are_services_that_there_are() -> None:
    for folder, hosts in (
        (DEPLOY / "kubernetes", {f"ollama-{n}.ollama" for n in range(_replicas("ollama"))}),
        (DEPLOY, set(compose()["services"])),
    ):
        config = load_config(folder / "config.yaml", environ=SECRETS)
        assert {d.base_url.split("/")[2].split(":")[0] for d in config.deployments} <= hosts
        assert config.routing.redis_url == SECRETS["REDIS_URL"]
        assert not config.warnings


def _replicas(name: str) -> int:
    (found,) = (f for f in OBJECTS if f["kind"] == "StatefulSet" and f["metadata"]["name"] == name)
    return int(found["spec"]["replicas"])


def cluster_config() -> Config:
    return load_config(DEPLOY / "kubernetes/config.yaml", environ=SECRETS)


def test_an_ingress_has_tls_and_leads_to_names_that_are_known() -> None:
    (ingress,) = (f for f in OBJECTS if f["kind"] == "Ingress")
    services = {f["metadata"]["name"] for f in OBJECTS if f["kind"] == "Service"}
    (tls,) = ingress["spec"]["tls"]
    for rule in ingress["spec"]["rules"]:
        assert rule["host"] in tls["hosts"] and rule["host"] in cluster_config().access.hosts
        (path,) = rule["http"]["paths"]
        assert path["backend"]["service"]["name"] in services
    size = ingress["metadata"]["annotations"]["nginx.ingress.kubernetes.io/proxy-body-size"]
    assert int(size.removesuffix("m")) * 1024 * 1024 == MAX_REQUEST
    assert not [f for f in OBJECTS if f.get("spec", {}).get("sessionAffinity")]


def test_images_are_pinned() -> None:
    images = [c["image"] for c in CONTAINERS if c["image"] != "diglot"]
    images += [s["image"] for s in compose()["services"].values() if "diglot:" not in s["image"]]
    for image in images:
        assert re.search(r":\d+\.\d+(\.\d+)?(-\w+)?$", image), image
    project = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
    file = yaml.safe_load((DEPLOY / "kubernetes/kustomization.yaml").read_text())
    assert file["images"][0]["newTag"] == project["version"]


def test_who_may_ask_whom_is_said_in_both_directions() -> None:
    """A pod that may be asked by another needs one that may ask it, and the same port."""
    came, went = set(), set()
    for found in OBJECTS:
        if found["kind"] != "NetworkPolicy":
            continue
        spec = found["spec"]
        here = _chosen(spec["podSelector"])
        for kind, side, into in (("ingress", "from", came), ("egress", "to", went)):
            for rule in spec.get(kind, ()):
                for peer in rule.get(side, ()):
                    there = _chosen(peer["podSelector"]) if "podSelector" in peer else set()
                    for port in rule["ports"]:
                        pairs = product(there, here) if kind == "ingress" else product(here, there)
                        into |= {(*pair, port["port"]) for pair in pairs}
    ports = {c["name"]: {p["containerPort"] for p in c["ports"]} for c in CONTAINERS}
    assert {pair for pair in came if pair[2] in ports[pair[1]]} == {
        pair for pair in went if pair[2] in ports[pair[1]]
    }
    assert ("ui", "postgres", 5432) in came and ("gateway", "postgres", 5432) not in went


def _chosen(selector: dict[str, Any]) -> set[str]:
    chosen = set(selector.get("matchLabels", {}).values())
    for expression in selector.get("matchExpressions", ()):
        chosen |= set(expression["values"])
    return chosen


def test_monitoring_asks_pods_that_there_are() -> None:
    folder = DEPLOY / "kubernetes/monitoring"
    listed = yaml.safe_load((folder / "kustomization.yaml").read_text())["resources"]
    scraping, alerts = (yaml.safe_load((folder / name).read_text()) for name in listed)
    assert _chosen(scraping["spec"]["selector"]) <= APPS
    (endpoint,) = scraping["spec"]["endpoints"]
    assert endpoint["port"] in {p["name"] for c in CONTAINERS for p in c["ports"]}
    # tests/gateway/test_sight.py holds the expressions against what is counted.
    for rule in alerts["spec"]["groups"][0]["rules"]:
        assert {"alert", "expr", "for", "labels", "annotations"} == rule.keys()


def test_containers_have_time_to_end_and_health_to_ask_for() -> None:
    for name, service in compose()["services"].items():
        assert service["healthcheck"], name
        if "diglot:" in service["image"]:
            seconds = int(service["stop_grace_period"].removesuffix("s"))
            assert seconds > math.ceil(load_config(DEPLOY / "config.yaml", environ=SECRETS).drain)


def compose() -> dict[str, Any]:
    found: dict[str, Any] = yaml.safe_load((DEPLOY / "compose.yaml").read_text())
    return found


def test_the_parts_of_the_compose_file_fit_together() -> None:
    file = compose()
    for name, service in file["services"].items():
        assert service["image"].count(":") == 1, f"{name}: an image has a version"
        for other, condition in (service.get("depends_on") or {}).items():
            assert condition == {"condition": "service_healthy"}
            assert file["services"][other]["healthcheck"]
        for volume in service.get("volumes", ()):
            source = volume.split(":")[0]
            assert source in file["volumes"] or (DEPLOY / source).exists()
    # No key and no password stands in it.
    text = (DEPLOY / "compose.yaml").read_text()
    assert "${LITELLM_MASTER_KEY:?" in text and "${POSTGRES_PASSWORD:?" in text


def test_commands_are_ones_that_the_gateway_takes() -> None:
    command = compose()["services"]["gateway"]["command"]
    assert command[:3] == ["python", "-m", "core"]
    options = parse_arguments(command[3:])
    assert options.host == "0.0.0.0" and options.num_workers == 1
    last = (DEPLOY / "Dockerfile").read_text().strip().splitlines()[-1]
    image = yaml.safe_load(last.removeprefix("CMD "))
    assert parse_arguments(image[3:]).config == Path("/etc/diglot/config.yaml")


def test_the_image_holds_all_that_is_imported() -> None:
    text = (DEPLOY / "Dockerfile").read_text()
    ignored = (DEPLOY / "Dockerfile.dockerignore").read_text()
    for name in ("app.py", "core", "pages", "ui", "words", ".streamlit"):
        assert (ROOT / name).exists()
        assert f"!{name}\n" in ignored and name in text

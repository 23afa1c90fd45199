"""The models page: what is installed and in memory, fetch, unload, delete."""

from __future__ import annotations

from datetime import UTC, datetime

import streamlit as st

from core.backends.library import Installed
from core.chats.service import current_service
from core.errors import DiglotError
from ui.chat.lines import Line, show_lines, sidebar
from ui.session.account import owner
from ui.widgets.cards import attempt, error_card, show_fault, try_it
from ui.widgets.pulls import bytes_words, show_pulls
from ui.words import t

_BADGES = {"tools": "blue", "vision": "violet", "thinking": "green", "embedding": "gray"}
_FOREVER = 2200

service = current_service()
# A visitor of a demo must not delete what the next one is shown.
changeable = service.status().kind != "embedded" and not service.demo


def expiry(model: Installed) -> str:
    """Return when a model leaves memory, in words."""
    try:
        when = datetime.fromisoformat(model.expires)
    except ValueError:
        return ""
    if when.year > _FOREVER:
        return t("models.stays")
    left = (when - datetime.now(UTC)).total_seconds()
    return t("models.leaves", minutes=max(0, round(left / 60)))


def line_of(number: int, model: Installed) -> Line:
    """Return what the list at the side says of a model."""
    facts = [model.parameters, model.quantization, bytes_words(model.size) if model.size else ""]
    facts.append(t("models.loaded") if model.loaded else "")
    return Line(str(number), model.name, " · ".join(filter(None, facts)))


def show_model(number: int, model: Installed) -> None:
    """Draw one model and what can be done with it."""
    with st.container(border=True, key=f"model_card_{number}"):
        with st.container(horizontal=True, vertical_alignment="center"):
            st.markdown(f"**{model.name}**", width="content")
            for ability in sorted(model.capabilities & set(_BADGES)):
                st.badge(t(f"models.can_{ability}"), color=_BADGES[ability])  # type: ignore[arg-type]  # of the table
            if model.loaded:
                st.badge(t("models.loaded"), color="orange", icon=":material/memory:")
        facts = [model.parameters, model.quantization, model.family]
        facts += [bytes_words(model.size)] if model.size else []
        if model.loaded:
            if model.memory:
                facts.append(t("models.memory", size=bytes_words(model.memory)))
            if model.vram:
                facts.append(t("models.vram", size=bytes_words(model.vram)))
            if model.context:
                facts.append(t("models.context", count=f"{model.context:,}"))
            facts.append(expiry(model))
        st.caption(" · ".join(fact for fact in facts if fact))
        show_doors(model)


def show_doors(model: Installed) -> None:
    """Draw the buttons of one model; what the built-in one cannot do is not offered."""
    with st.container(horizontal=True):
        if st.button(
            t("models.chat"),
            key=f"chat_{model.name}",
            type="tertiary",
            icon=":material/forum:",
            disabled=model.capabilities == {"embedding"},
        ):
            st.session_state["model"] = model.name
            st.session_state.pop("chat", None)
            st.switch_page("../pages/chat.py")
        if not changeable:
            return
        if model.loaded:
            st.button(
                t("models.unload"),
                key=f"unload_{model.name}",
                type="tertiary",
                icon=":material/eject:",
                on_click=try_it,
                args=(service.library.unload, model.name),
            )
        if st.button(
            t("chat.delete"),
            key=f"delete_{model.name}",
            type="tertiary",
            icon=":material/delete:",
        ):
            ask_delete(model)


def ask_delete(model: Installed) -> None:
    """Ask before a model is deleted: it cannot be taken back, only fetched again."""

    @st.dialog(t("models.delete"))
    def ask() -> None:
        st.write(t("models.delete_sure", model=model.name, size=bytes_words(model.size)))
        with st.container(horizontal=True):
            if st.button(t("models.delete"), type="primary", key="delete_really"):
                attempt(service.library.delete, model.name, model=model.name)
                st.rerun()
            if st.button(t("chat.cancel"), key="delete_not"):
                st.rerun()

    ask()


def pull() -> None:
    """Begin to fetch what stands in the field."""
    name = st.session_state.get("pull_name", "").strip()
    if name and attempt(service.library.pull, name):
        st.session_state["pull_name"] = ""


st.markdown(f"## {t('models.title')}")
st.caption(t("models.intro"))
show_fault(service)
if service.status().kind == "embedded":
    st.info(t("models.embedded"), icon=":material/info:")
elif service.demo:
    st.info(t("account.demo_models"), icon=":material/groups:")
else:
    with st.container(horizontal=True, vertical_alignment="bottom"):
        st.text_input(
            t("models.pull_name"), key="pull_name", placeholder="qwen3:4b", on_change=pull
        )
        st.button(t("models.pull"), icon=":material/download:", type="primary", on_click=pull)
    st.caption(t("models.pull_hint"))
with sidebar():
    show_pulls(service)
try:
    models = service.library.models()
except DiglotError as exc:
    models = []
    error_card({"code": exc.code, "message": exc.message}, service=service, key="models")
with sidebar():
    show_lines(
        owner(service),
        [line_of(number, model) for number, model in enumerate(models)],
        name="nav.models",
        find="models.find",
        container="model_card_",
    )
for place, one in enumerate(models):
    show_model(place, one)
for entry in service.fleet.config.unserved:
    key = f"models.unserved_{entry.why}"
    st.caption(t(key, name=entry.model_name, model=entry.model, detail=entry.detail))
if not models:
    st.caption(t("models.none"))

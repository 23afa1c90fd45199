// What an answer or a question is made of beside its text.
import { useEffect, useRef, useState } from "preact/hooks";
import { CircleAlert, CircleCheck, CircleDashed, Paperclip, Pencil, Scissors, CircleStop, ShieldQuestionMark } from "lucide";
import { useSurface } from "./surface";
import { copy, copyButton } from "./copying";
import { reach } from "./finish";
import { Icon } from "./icons";
import { GrowingText, Typed, WholeText } from "./text";
import type { CallView, Fault, Message, Part, StepView, WaitingView } from "./types";

export function Code({ text }: { text: string }) {
  return (
    <pre ref={(pre) => { if (pre && !pre.querySelector("button")) { pre.append(copyButton(() => pre.querySelector("code")!.textContent ?? "")); reach(pre.firstElementChild!); } }}>
      <code>{text}</code>
    </pre>
  );
}

export function Parts({ of }: { of: Message }) {
  return <>{of.parts?.map((part) => <OnePart key={`${part.kind}${part.place ?? 0}${part.name ?? ""}`} part={part} message={of.id} />)}</>;
}

function OnePart({ part, message }: { part: Part; message: string }) {
  if (part.kind === "text") return <Typed text={part.text ?? ""} />;
  if (part.kind === "image") return <Loaded path={`messages/${message}/parts/${part.place ?? 0}`} />;
  if (part.kind === "address") return <Code text={part.text ?? ""} />;
  return (
    <details class="fold">
      <summary><Icon of={Paperclip} size={16} /> <span>{part.name}</span></summary>
      {part.text && <Code text={part.text} />}
    </details>
  );
}

/** An image that this server has or fetches. */
function Loaded({ path }: { path: string }) {
  const { store, words } = useSurface();
  const [source, setSource] = useState("");
  const [fault, setFault] = useState<Fault | null>(null);
  useEffect(() => {
    let made = "";
    store.image(path).then((url) => setSource((made = url)), (said: Fault) => setFault(said));
    return () => URL.revokeObjectURL(made);
  }, [path]);
  if (fault) return <p class="note">{fault.said ?? fault.cause}</p>;
  return source ? <img src={source} alt={words["chat.image"]} /> : <span class="loading" />;
}

/** Images of other hosts, each behind a button. */
export function ForeignImages({ of }: { of: Message }) {
  const [asked, setAsked] = useState<number[]>([]);
  return (
    <>
      {of.images?.map(({ number, words }) =>
        asked.includes(number) ? (
          <Loaded key={number} path={`messages/${of.id}/images/${number}`} />
        ) : (
          <p key={number}><button type="button" onClick={() => setAsked([...asked, number])}>{words}</button></p>
        ),
      )}
    </>
  );
}

export function Thinking({ of, over }: { of: Message; over: boolean }) {
  const { words } = useSurface();
  if (!of.thinking) return null;
  return (
    <details class="fold thinking">
      <summary>{of.thought || words["chat.thinking"]}</summary>
      <GrowingText of={of} field="thinking" over={over} />
    </details>
  );
}

export function Steps({ of }: { of: Message }) {
  if (!of.steps?.length) return null;
  const turns = of.steps.map((step, place) => <Turn key={place} step={step} deep={of.deep} />);
  if (!of.used) return <>{turns}</>;
  return (
    <details class="fold">
      <summary>{of.used}</summary>
      {turns}
    </details>
  );
}

function Turn({ step, deep }: { step: StepView; deep?: boolean }) {
  const { words } = useSurface();
  return (
    <>
      {step.thinking && (
        <details class="fold thinking">
          <summary>{step.thought || words["chat.thinking"]}</summary>
          <WholeText text={step.thinking} deep={deep} />
        </details>
      )}
      {step.text && <WholeText text={step.text} deep={deep} />}
      {step.calls?.map((call, place) => <Call key={place} call={call} />)}
    </>
  );
}

/** The calls that run only if the reader says so. */
export function Approvals({ of }: { of: Message }) {
  if (of.state !== "running" || !of.waiting?.length) return null;
  return <>{of.waiting.map((call) => <Approval key={call.id} of={of} call={call} />)}</>;
}

function Approval({ of, call }: { of: Message; call: WaitingView }) {
  const { store, words } = useSurface();
  const card = useRef<HTMLDivElement>(null);
  const [decided, setDecided] = useState(false);
  useEffect(() => card.current!.scrollIntoView({ block: "nearest" }), []);
  const name = words["chat.approve"].replace("{name}", call.name);
  const decide = (verdict: string) => () => {
    setDecided(true);
    void store.act({ do: "decide", message: of.id, call: call.id, verdict }, () => setDecided(false));
  };
  return (
    <div ref={card} class="card approval" role="group" aria-label={name} data-testid="approval">
      <p class="title"><Icon of={ShieldQuestionMark} /> <strong>{name}</strong></p>
      <Code text={call.arguments} />
      <div class="actions">
        <button type="button" class="primary" data-do="decide" disabled={decided} onClick={decide("once")}>{words["chat.approve_once"]}</button>
        <button type="button" data-do="decide" disabled={decided} onClick={decide("always")}>{words["chat.approve_always"]}</button>
        <button type="button" data-do="decide" disabled={decided} onClick={decide("no")}>{words["chat.approve_no"]}</button>
      </div>
    </div>
  );
}

function Call({ call }: { call: CallView }) {
  const { words } = useSurface();
  const icon = { failed: CircleAlert, done: CircleCheck }[call.state ?? ""] ?? CircleDashed;
  return (
    <details class={`fold call ${call.state ?? "running"}`}>
      <summary>
        <Icon of={icon} size={16} /> <code>{call.name}</code> <span class="short">{call.short}</span>
        {call.refused && <span class="quiet">{words["chat.refused"]}</span>}
        {call.took && <span class="quiet">{call.took}</span>}
      </summary>
      <p class="quiet">{words["chat.arguments"]}</p>
      <Code text={call.arguments ?? ""} />
      <p class="quiet">{words["chat.result"]}</p>
      <Code text={call.result || words["chat.running"]} />
    </details>
  );
}

export function Note({ of }: { of: Message }) {
  if (!of.note) return null;
  const icon = of.state === "stopped" || of.state === "interrupted" ? CircleStop : of.cut ? Scissors : Pencil;
  return <p class="note"><Icon of={icon} size={16} /> {of.note}</p>;
}

export function FaultCard({ fault, message, wire }: { fault: Fault; message?: string; wire?: boolean }) {
  const { words, tell } = useSurface();
  return (
    <div class="card" role="group" aria-label={fault.title} data-testid="fault">
      <p class="title"><Icon of={CircleAlert} /> <strong>{fault.title}</strong></p>
      <p>{fault.cause}</p>
      {fault.command && <Code text={fault.command} />}
      {fault.cure && (
        <p><button type="button" onClick={() => tell({ kind: "cure", cure: fault.cure, model: fault.model ?? "" })}>{fault.cure_words}</button></p>
      )}
      {fault.said && (
        <details class="fold" open={fault.open}>
          <summary>{words["error.said"]}</summary>
          <Code text={fault.said} />
        </details>
      )}
      {wire && message && <p><button type="button" class="quiet" onClick={() => tell({ kind: "diagnosis", message })}>{words["error.diagnosis"]}</button></p>}
    </div>
  );
}

export { copy };

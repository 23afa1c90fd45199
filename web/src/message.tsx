// One message: a question, an answer, or several answers side by side.
import { Component } from "preact";
import { useEffect, useLayoutEffect, useRef, useState } from "preact/hooks";
import { Braces, ChevronLeft, ChevronRight, Copy, Pencil, RefreshCw, ThumbsDown, ThumbsUp, Trash2 } from "lucide";
import { drawDiagrams } from "./diagrams";
import { copy } from "./copying";
import { IconButton } from "./icons";
import { Menu, type Choice } from "./menu";
import { Approvals, FaultCard, ForeignImages, Note, Parts, Steps, Thinking } from "./parts";
import { useSurface } from "./surface";
import { GrowingText } from "./text";
import type { Message } from "./types";

const OTHERS = 12;

interface Shown { of: Message; rev: number; last: boolean; busy: boolean; editing: boolean }

/** Drawn anew only when something of it has changed. */
export class MessageView extends Component<Shown> {
  override shouldComponentUpdate(next: Shown): boolean {
    const now = this.props;
    return next.of !== now.of || next.rev !== now.rev || next.last !== now.last || next.busy !== now.busy || next.editing !== now.editing;
  }

  override render(shown: Shown) {
    return <OneMessage {...shown} />;
  }
}

function OneMessage({ of, last, busy, editing }: Shown) {
  const { words } = useSurface();
  if (of.role === "system")
    return (
      <details class="fold" data-id={of.id}>
        <summary>{words["chat.system_message"]}</summary>
        <Parts of={of} />
      </details>
    );
  const mine = of.role === "user";
  const who = mine ? words["search.user"] : words["search.assistant"];
  return (
    <article class={mine ? "question" : "answer"} data-testid="message" data-id={of.id} aria-label={who}>
      {editing ? <Editor of={of} /> : mine ? <Question of={of} busy={busy} /> : <Answer of={of} last={last} busy={busy} />}
    </article>
  );
}

function Question({ of, busy }: { of: Message; busy: boolean }) {
  const { store, words } = useSurface();
  const sent = !of.id.startsWith("new-");
  return (
    <>
      <div class="bubble"><Parts of={of} /></div>
      <div class="actions">
        {sent && <Versions of={of} />}
        {sent && !busy && <IconButton of={Pencil} name={words["chat.edit"]} id="edit" onClick={() => edit(store, of.id)} />}
        {sent && !busy && <IconButton of={Trash2} name={words["chat.delete_from"]} id="hide" onClick={() => hide(store, of.id)} />}
      </div>
    </>
  );
}

function Answer({ of, last, busy }: { of: Message; last: boolean; busy: boolean }) {
  const { store, data, words } = useSurface();
  if (of.answers.length) return <Together of={of} busy={busy} />;
  const running = of.state === "running";
  return (
    <>
      <Body of={of} />
      {of.error && <FaultCard fault={of.error} message={of.id} wire={Boolean(of.wire)} />}
      {of.error && last && !busy && data.instead && data.instead !== of.model && (
        <p><button type="button" class="primary" onClick={() => again(store, of, { model: data.instead })}>{words["chat.ask_instead"].replace("{model}", data.instead)}</button></p>
      )}
      <Note of={of} />
      {!running && of.cut && last && !busy && (
        <p><button type="button" onClick={() => void store.act({ do: "write_on", message: of.id, options: store.options })}>{words["chat.write_on"]}</button></p>
      )}
      <div class={running && of.phase === "writing" && of.text ? "actions writing" : "actions"}>
        {running ? <><WireButton of={of} /><Progress of={of} /></> : (
          <>
            <Versions of={of} />
            <IconButton of={Copy} name={words["chat.copy"]} id="copy" onClick={() => void copy(of.text ?? "")} />
            <IconButton of={RefreshCw} name={words["chat.regenerate"]} id="again" disabled={busy} onClick={() => again(store, of, {})} />
            <WireButton of={of} />
            <Thumbs of={of} />
            <More of={of} busy={busy} />
            <span class="facts">{of.facts}</span>
          </>
        )}
      </div>
    </>
  );
}

function WireButton({ of }: { of: Message }) {
  const { words, tell } = useSurface();
  // One that is not known to the server yet has no request.
  if (of.id.startsWith("new-") || (of.state !== "running" && !of.wire)) return null;
  return <IconButton of={Braces} name={words["chat.wire"]} id="wire" onClick={() => tell({ kind: "wire", message: of.id })} />;
}

function Body({ of }: { of: Message }) {
  const { words } = useSurface();
  const place = useRef<HTMLDivElement>(null);
  const over = of.state !== "running";
  useEffect(() => {
    if (over && of.diagrams?.length) void drawDiagrams(place.current!, of.diagrams, words);
  }, [over, of.raw]);
  return (
    <div class="body" ref={place}>
      <Steps of={of} />
      <Approvals of={of} />
      <Thinking of={of} over={over} />
      <GrowingText of={of} field="text" over={over} />
      <ForeignImages of={of} />
    </div>
  );
}

/** What a running answer waits for, and for how long. */
function Progress({ of }: { of: Message }) {
  const { words } = useSurface();
  const [, tick] = useState(0);
  const began = useRef(performance.now());
  const writing = of.phase === "writing" && of.text;
  useEffect(() => {
    const timer = setInterval(() => tick((n) => n + 1), 1000);
    return () => clearInterval(timer);
  }, []);
  if (of.unsaved) return <span class="facts" role="status">{words["chat.unsaved"]}</span>;
  const waited = Math.floor((performance.now() - (of.since ?? began.current)) / 1000);
  const stalled = waited > 60 && !of.text && !of.thinking && !of.steps?.length;
  // A line that moves down with the text would be one more thing that moves.
  if (writing) return null;
  return (
    <span class="facts">
      <span class="dot" /> {words[`phase.${of.phase ?? "queued"}`]} · {waited} s
      {stalled && ` · ${words["phase.stalled"]}`}
    </span>
  );
}

function Together({ of, busy }: { of: Message; busy: boolean }) {
  const { store, words, tell } = useSurface();
  const rows = of.answers;
  const differ = rows.length === 2 && rows[0].dialect !== rows[1].dialect && rows.every((one) => one.wire);
  return (
    <>
      {(of.versions?.length ?? 0) > rows.length && <div class="actions"><Versions of={of} /></div>}
      <div class="together">
        {rows.map((one) => (
          <section key={one.key} class="card" aria-label={one.facts || one.model}>
            <p class="facts"><strong>{one.facts || one.model}</strong></p>
            <Body of={one} />
            {one.error && <FaultCard fault={one.error} message={one.id} wire={Boolean(one.wire)} />}
            <Note of={one} />
            <div class="actions">
              {one.state === "running" ? <Progress of={one} /> : (
                <button type="button" disabled={one.id === of.id || busy} onClick={() => void store.act({ do: "show", message: one.id })}>
                  {one.id === of.id ? words["chat.goes_on"] : words["chat.go_on_from"]}
                </button>
              )}
              {one.wire && <IconButton of={Braces} name={words["chat.wire"]} id="wire" onClick={() => tell({ kind: "wire", message: one.id })} />}
            </div>
          </section>
        ))}
      </div>
      {differ && <p><button type="button" onClick={() => tell({ kind: "differ", message: of.id })}>{words["chat.apis_differ"]}</button></p>}
    </>
  );
}

function Versions({ of }: { of: Message }) {
  const { store, words } = useSurface();
  const all = of.versions;
  if (!all) return null;
  const place = of.place ?? 0;
  const show = (other: number) => () => void store.act({ do: "show", message: all[other] });
  return (
    <>
      <IconButton of={ChevronLeft} name={words["chat.version_back"]} id="back" disabled={place === 0} onClick={show(place - 1)} />
      <span class="facts">{place + 1}/{all.length}</span>
      <IconButton of={ChevronRight} name={words["chat.version_on"]} id="on" disabled={place === all.length - 1} onClick={show(place + 1)} />
    </>
  );
}

function Thumbs({ of }: { of: Message }) {
  const { store, words } = useSurface();
  const rate = (wanted: number) => () => {
    const rating = of.rating === wanted ? 0 : wanted;
    of.rating = rating;
    of.rev++;
    store.changed();
    void store.act({ do: "rate", message: of.id, rating });
  };
  return (
    <>
      <IconButton of={ThumbsUp} name={words["chat.good"]} id="good" pressed={of.rating === 1} onClick={rate(1)} />
      <IconButton of={ThumbsDown} name={words["chat.bad"]} id="bad" pressed={of.rating === -1} onClick={rate(-1)} />
    </>
  );
}

function More({ of, busy }: { of: Message; busy: boolean }) {
  const { store, data, words, tell } = useSurface();
  const choices: Choice[] = [];
  const add = (id: string, name: string, act: () => void) => choices.push({ id, name, act });
  if (!busy) {
    const other = of.other ?? "";
    add("api", words["chat.again_api"].replace("{api}", data.apis[other] ?? other), () =>
      again(store, of, { dialect: other, model: of.model || store.options[0]?.model }),
    );
    for (const model of data.models.filter((name) => name !== of.model).slice(0, OTHERS))
      add(`model:${model}`, words["chat.again_model"].replace("{model}", model), () => again(store, of, { model }));
    add("edit_answer", words["chat.edit_answer"], () => edit(store, of.id));
  }
  add("copy_text", words["chat.copy_text"], () => tell({ kind: "copy_text", message: of.id }));
  add("link", words["chat.link"], () => tell({ kind: "link", message: of.id }));
  add("branch", words["chat.branch"], () => void store.act({ do: "branch", message: of.id }));
  add("delete_from", words["chat.delete_from"], () => hide(store, of.id));
  return <Menu name={words["chat.more"]} choices={choices} />;
}

function Editor({ of }: { of: Message }) {
  const { store, words } = useSurface();
  const box = useRef<HTMLTextAreaElement>(null);
  const mine = of.role === "user";
  const text = mine ? (of.parts?.find((part) => part.kind === "text")?.text ?? "") : (of.text ?? "");
  useLayoutEffect(() => {
    box.current!.focus();
    box.current!.setSelectionRange(text.length, text.length);
  }, []);
  const close = () => edit(store, "");
  const send = () => {
    const said = box.current!.value.trim();
    close();
    if (said) void store.act({ do: mine ? "edit" : "rewrite", message: of.id, text: said, options: store.options });
  };
  const keys = (event: KeyboardEvent) => {
    if (event.key === "Escape") {
      event.stopPropagation();
      close();
    } else if (event.key === "Enter" && (event.ctrlKey || event.metaKey)) send();
    else if (!event.ctrlKey && !event.metaKey && !event.altKey) event.stopPropagation();
  };
  return (
    <div class="editor">
      <textarea ref={box} aria-label={words["chat.edit"]} onKeyDown={keys} defaultValue={text} rows={Math.min(16, text.split("\n").length + 1)} />
      <p class="quiet">{words[mine ? "chat.edit_hint" : "chat.edit_answer_hint"]}</p>
      <div class="actions">
        <button type="button" class="primary" onClick={send}>{words[mine ? "chat.edit_send" : "chat.save"]}</button>
        <button type="button" onClick={close}>{words["chat.cancel"]}</button>
      </div>
    </div>
  );
}

type Acts = ReturnType<typeof useSurface>["store"];

export function again(store: Acts, of: Message, other: Record<string, unknown>): void {
  void store.act({ do: "again", message: of.id, options: [{ ...store.options[0], ...other }] });
}

function edit(store: Acts, id: string): void {
  const before = store.editing;
  store.editing = id;
  store.changed();
  // What was clicked is not there any more.
  if (!id) queueMicrotask(() => document.querySelector<HTMLElement>(`.diglot-chat [data-id="${CSS.escape(before)}"] [data-do]`)?.focus());
}

function hide(store: Acts, id: string): void {
  void store.act({ do: "hide", message: id }).then(() => {
    store.undo = id;
    store.changed();
  });
}

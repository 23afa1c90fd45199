// The transcript with the composer below it, and how it scrolls.
import { useEffect, useLayoutEffect, useRef, useState } from "preact/hooks";
import { ArrowDown, ChevronUp, Clock } from "lucide";
import { attach } from "./attaching";
import { Composer } from "./composer";
import { Icon } from "./icons";
import { again, MessageView } from "./message";
import { FaultCard } from "./parts";
import { Splitter } from "./splitter";
import { useSurface } from "./surface";
import { Typed } from "./text";
import type { Message } from "./types";

const BELOW = 12; // pixels below the chat: the padding in chat.css, or the page around it could be scrolled
const NEAR = 32; // pixels from the end within which one is at the end

export function Chat() {
  const { store, data, words } = useSurface();
  const list = useRef<HTMLDivElement>(null);
  const section = useRef<HTMLElement>(null);
  const [away, setAway] = useState(false);
  const [dropping, setDropping] = useState(false);
  const stick = useRef(true);
  useRoom(section);
  useScrolling(list, stick, setAway);
  useKeys();
  useFocus(section);
  const empty = !store.id && !store.messages.length && !store.fault && !store.unsent;
  const last = store.messages.at(-1);
  const waits = last && [last, ...last.answers].some((one) => one.waiting?.length);
  const status = waits ? words["phase.deciding"] : store.busy ? words["phase.writing"] : "";
  const over = (value: boolean) => (event: DragEvent) => {
    event.preventDefault();
    setDropping(value);
  };
  const drop = {
    onDragOver: over(true),
    onDragLeave: over(false),
    onDrop: (event: DragEvent) => {
      over(false)(event);
      if (data.options[0]?.model) attach(store, event.dataTransfer?.files ?? [], words["chat.lost_cause"]);
    },
  };
  const toEnd = () => {
    stick.current = true;
    list.current!.scrollTop = list.current!.scrollHeight;
  };
  return (
    <section ref={section} class={`chat${empty ? " empty" : ""}${dropping ? " dropping" : ""}`} aria-label={words["chat.title"]} {...drop}>
      <div ref={list} class="list" role="log" aria-label={words["chat.messages"]} aria-live="off" tabIndex={0} hidden={empty}>
        <div class="inner">
          {store.earlier && <p><button type="button" class="quiet" onClick={() => void earlier(list.current!, store)}><Icon of={ChevronUp} size={16} /> {words["chat.earlier"]}</button></p>}
          {store.messages.map((one, place) => (
            <MessageView key={one.key} of={one} rev={one.rev} last={place === store.messages.length - 1} busy={store.busy} editing={store.editing === one.id && !store.busy} />
          ))}
          <Tail last={last} />
        </div>
      </div>
      <div class="foot">
        {away && <button type="button" class="down" onClick={toEnd}><Icon of={ArrowDown} size={16} /> {words["chat.newest"]}</button>}
        {empty && <h2>{words["empty.title"]}</h2>}
        {empty && data.found && <p class="quiet">{data.found}</p>}
        <Composer />
        <p class={data.meter?.full ? "meter full" : "meter"}>{[data.hint, data.able, data.meter?.words].filter(Boolean).join(" · ")}</p>
        {empty && <Examples />}
      </div>
      {data.wire && <Splitter />}
      <div class="unseen" role="status" aria-live="polite">{status}</div>
    </section>
  );
}

function Examples() {
  const { store, data } = useSurface();
  return (
    <div class="examples">
      {data.examples.map((one) => (
        <button key={one.text} type="button" onClick={() => store.ask(one.text, [], [one.options])}>{one.text}</button>
      ))}
    </div>
  );
}

/** What stands below the last message: what was deleted, what waits, what went wrong. */
function Tail({ last }: { last?: Message }) {
  const { store, words } = useSurface();
  return (
    <>
      {store.undo && (
        <p class="note">
          {words["chat.deleted"]} <button type="button" onClick={() => { const id = store.undo; store.undo = ""; void store.act({ do: "restore", message: id }); }}>{words["chat.undo"]}</button>
        </p>
      )}
      {last?.role === "user" && !store.busy && !last.id.startsWith("new-") && (
        <p><button type="button" onClick={() => void store.act({ do: "answer", options: store.options })}>{words["chat.answer_now"]}</button></p>
      )}
      {store.queued && (
        <article class="question" data-testid="message">
          <div class="bubble"><Typed text={store.queued.text} /></div>
          <p class="note"><Icon of={Clock} size={16} /> {words["chat.queued"]}</p>
        </article>
      )}
      {store.fault && <FaultCard fault={store.fault} />}
      {store.unsent && (
        <div class="card" data-testid="unsent">
          <p class="note">{words["chat.unsent"]}</p>
          <Typed text={store.unsent.text} />
          {store.unsent.files.map((file) => <p key={file.name} class="quiet">{file.name}</p>)}
          <div class="actions">
            <button type="button" class="primary" onClick={() => store.ask(store.unsent!.text, store.unsent!.files)}>{words["chat.send_again"]}</button>
            <button type="button" onClick={() => { store.unsent = store.fault = null; store.changed(); }}>{words["chat.discard"]}</button>
          </div>
        </div>
      )}
    </>
  );
}

type Store = ReturnType<typeof useSurface>["store"];
type Ref<T> = { current: T };

/** Gives the chat the room that the page leaves: Streamlit's "stretch" has nothing to stretch to. */
function useRoom(section: Ref<HTMLElement | null>): void {
  useLayoutEffect(() => {
    const place = section.current!;
    const main = place.closest("[data-testid=stMain]");
    if (!main) return;
    const fit = () => {
      const above = place.getBoundingClientRect().top - main.getBoundingClientRect().top + main.scrollTop;
      place.style.setProperty("--room", `${Math.max(280, Math.floor(main.clientHeight - above - BELOW))}px`);
    };
    fit();
    const sizes = new ResizeObserver(fit);
    sizes.observe(main);
    // What stands above it may grow and shrink.
    for (let part: Element | null = place; part && part !== main; part = part.parentElement)
      for (let above = part.previousElementSibling; above; above = above.previousElementSibling) sizes.observe(above);
    return () => sizes.disconnect();
  }, []);
}

/** Follows the end until the reader scrolls up; takes hold again at the end. */
function useScrolling(list: Ref<HTMLDivElement | null>, stick: Ref<boolean>, setAway: (away: boolean) => void): void {
  const { store } = useSurface();
  const asked = useRef("");
  useLayoutEffect(() => {
    const box = list.current!;
    const inner = box.firstElementChild as HTMLElement;
    stick.current = store.scroll?.stick ?? true;
    if (store.scroll && !stick.current) box.scrollTop = store.scroll.top;
    let top = box.scrollTop;
    let size = box.scrollHeight;
    const rest = () => box.scrollHeight - box.scrollTop - box.clientHeight;
    const keep = () => {
      store.scroll = { top: box.scrollTop, stick: stick.current };
      setAway(!stick.current && rest() > NEAR);
    };
    const look = () => {
      // What shrinks moves the view, too; a reader who scrolls up leaves the size as it is.
      if (box.scrollTop < top - 1 && box.scrollHeight >= size) stick.current = false;
      if (rest() < NEAR) stick.current = true;
      top = box.scrollTop;
      size = box.scrollHeight;
      keep();
    };
    const follow = () => {
      reserve(box, store);
      if (stick.current) box.scrollTop = box.scrollHeight;
      top = box.scrollTop;
      size = box.scrollHeight;
      keep();
    };
    box.addEventListener("scroll", look, { passive: true });
    const sizes = new ResizeObserver(follow);
    sizes.observe(inner);
    sizes.observe(box);
    follow();
    return () => {
      sizes.disconnect();
      box.removeEventListener("scroll", look);
    };
  }, [store]);
  useLayoutEffect(() => {
    const box = list.current!;
    if (store.asked !== asked.current) {
      asked.current = store.asked;
      if (store.asked) stick.current = true;
      reserve(box, store);
      if (stick.current) box.scrollTop = box.scrollHeight;
    }
    const to = store.place && store.loaded && box.querySelector(`[data-id="${CSS.escape(store.place)}"]`);
    if (to) {
      store.place = "";
      stick.current = false;
      to.scrollIntoView({ block: "center" });
    }
  });
}

/** Keeps room below a new question, so that it stands in the top third while its answer comes. */
function reserve(box: HTMLElement, store: Store): void {
  const inner = box.firstElementChild as HTMLElement;
  const place = store.asked ? store.messages.findIndex((one) => one.key === store.asked) : -1;
  const all = inner.querySelectorAll<HTMLElement>("article");
  all.forEach((one) => { if (one.style.minHeight) one.style.minHeight = ""; });
  const [question, answer] = [all[place], all[place + 1]];
  if (place < 0 || !question || !answer || place + 2 < store.messages.length) return;
  const after = inner.getBoundingClientRect().bottom - answer.getBoundingClientRect().bottom;
  const room = box.clientHeight * 0.78 - question.offsetHeight - after;
  answer.style.minHeight = `${Math.max(0, Math.floor(room))}px`;
}

async function earlier(box: HTMLElement, store: Store): Promise<void> {
  const below = box.scrollHeight - box.scrollTop;
  await store.more();
  box.scrollTop = box.scrollHeight - below;
  box.focus();
}

/** Escape stops; Alt+G answers again, Alt+J opens the wire of the last answer. */
function useKeys(): void {
  const { store, data, tell } = useSurface();
  // At once with what is drawn: a key may be pressed in the very frame in which the wire appears.
  useLayoutEffect(() => {
    const keys = (event: KeyboardEvent) => {
      if (document.querySelector("[role=dialog], .menu:popover-open")) return;
      const answer = store.messages.findLast((one) => one.role === "assistant");
      if (event.key === "Escape" && store.busy) void store.stop();
      else if (event.altKey && event.code === "KeyG" && answer && !store.busy) again(store, answer, {});
      else if (event.altKey && event.code === "KeyJ" && answer?.wire) tell({ kind: "wire", message: answer.id });
      else if (event.key === "Escape" && data.wire && !store.editing) tell({ kind: "wire", message: "" });
      else return;
      event.preventDefault();
    };
    const back = () => {
      if (!document.hidden && store.id && !store.busy) void store.follow();
    };
    document.addEventListener("keydown", keys);
    document.addEventListener("visibilitychange", back);
    return () => {
      document.removeEventListener("keydown", keys);
      document.removeEventListener("visibilitychange", back);
    };
  }, [store, data]);
}

/** The cursor is in the composer when a chat is opened, and what had the focus and went gives it to what took its place. */
function useFocus(section: Ref<HTMLElement | null>): void {
  const { store, data } = useSurface();
  const before = useRef("");
  const composer = () => section.current!.querySelector<HTMLElement>("textarea[data-testid=composer]");
  useEffect(() => {
    if (document.querySelector("[role=dialog]") || matchMedia("(pointer: coarse)").matches) return;
    const other = document.activeElement;
    if (other instanceof HTMLElement && other.matches("input, textarea, [contenteditable]") && !section.current!.contains(other)) return;
    composer()?.focus({ preventScroll: true });
  }, [store, Boolean(data.options[0]?.model)]);
  useLayoutEffect(() => {
    const place = section.current!;
    const note = (event: FocusEvent) => { before.current = (event.target as HTMLElement).dataset.do ?? "other"; };
    const left = (event: FocusEvent) => { if (event.relatedTarget) before.current = ""; };
    place.addEventListener("focusin", note);
    place.addEventListener("focusout", left);
    return () => {
      place.removeEventListener("focusin", note);
      place.removeEventListener("focusout", left);
    };
  }, []);
  useLayoutEffect(() => {
    if (!before.current || (document.activeElement && document.activeElement !== document.body)) return;
    const same = section.current!.querySelectorAll<HTMLElement>(`[data-do="${before.current}"]:not([disabled])`);
    (same[same.length - 1] ?? composer())?.focus({ preventScroll: true });
  });
}

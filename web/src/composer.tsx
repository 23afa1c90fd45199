// The field for the question, its files, and the buttons that send and stop.
import { useEffect, useLayoutEffect, useRef } from "preact/hooks";
import { ArrowUp, Paperclip, Square } from "lucide";
import { attach } from "./attaching";
import { Files } from "./files";
import { Icon, IconButton } from "./icons";
import { useSurface } from "./surface";

export function Composer() {
  const { store, data, words, tell } = useSurface();
  const box = useRef<HTMLTextAreaElement>(null);
  const chooser = useRef<HTMLInputElement>(null);
  const model = data.options[0]?.model ?? "";
  useLayoutEffect(() => {
    box.current!.value = store.draft;
    fit(box.current!);
  }, [store]);
  const send = () => {
    const text = box.current!.value;
    if (!model || (!text.trim() && !store.files.length)) return;
    store.sending = store.files.some((file) => file.state === "reading");
    const files = store.files.filter((file) => file.state === "ready");
    if (store.sending || (!text.trim() && !files.length)) return;
    box.current!.value = store.draft = "";
    store.files = [];
    fit(box.current!);
    store.ask(text.trim() ? text : "", files);
    box.current!.focus();
  };
  useEffect(() => {
    if (!store.sending || store.files.some((file) => file.state === "reading")) return;
    store.sending = false;
    // What cannot be read is told first: its writer may want to say something else without it.
    if (!store.files.some((file) => file.state === "refused")) send();
  });
  const add = (list: Iterable<File>) => {
    attach(store, list, words["chat.lost_cause"]);
    box.current!.focus();
  };
  const keys = (event: KeyboardEvent) => {
    // While a word is composed the browser reports key 229, whatever was pressed.
    const composing = event.isComposing || event.keyCode === 229;
    if (event.key === "Enter" && !event.shiftKey && !composing) {
      event.preventDefault();
      send();
    }
    // Single letters are shortcuts of the page around this one.
    if (!event.ctrlKey && !event.metaKey && !event.altKey && event.key !== "Escape") event.stopPropagation();
  };
  const hint = store.busy ? words["chat.input_busy"] : words["chat.input"].replace("{model}", model || "…");
  return (
    <form class="composer" onSubmit={(event) => { event.preventDefault(); send(); }}>
      <Files back={() => box.current!.focus()} />
      {!data.sees && model && store.files.some((file) => file.image) && (
        <p class="note" role="status">
          {words["chat.blind"].replace("{model}", model)}
          {data.seeing && <button type="button" onClick={() => { tell({ kind: "pick", model: data.seeing }); box.current!.focus(); }}>{words["chat.ask_instead"].replace("{model}", data.seeing)}</button>}
        </p>
      )}
      <div class="row">
        <input ref={chooser} type="file" multiple hidden onChange={(event) => { add(event.currentTarget.files ?? []); event.currentTarget.value = ""; }} />
        <IconButton of={Paperclip} name={words["chat.attach"]} onClick={() => chooser.current!.click()} disabled={!model} />
        <textarea
          ref={box}
          rows={1}
          data-testid="composer"
          aria-label={hint}
          placeholder={hint}
          disabled={!model}
          onInput={(event) => { store.draft = event.currentTarget.value; fit(event.currentTarget); }}
          onPaste={(event) => { const files = event.clipboardData?.files; if (files?.length) { event.preventDefault(); add(files); } }}
          onKeyDown={keys}
        />
        {store.busy && (
          <button type="button" class="stop" onClick={() => { void store.stop(); box.current!.focus(); }}>
            <Icon of={Square} size={14} /> {words["chat.stop"]}
          </button>
        )}
        <button type="submit" class="primary icon" aria-label={words["chat.send"]} title={words["chat.send"]} disabled={!model}>
          <Icon of={ArrowUp} />
        </button>
      </div>
    </form>
  );
}

function fit(box: HTMLTextAreaElement): void {
  box.style.height = "auto";
  box.style.height = `${Math.min(box.scrollHeight + 2, window.innerHeight * 0.35)}px`;
}

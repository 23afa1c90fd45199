// The chats at the side: head and foot stay where they are, the list between them scrolls.
import { useEffect, useLayoutEffect, useRef, useState } from "preact/hooks";
import { Download, Plus, Upload, X } from "lucide";
import { type Known, useApi } from "./api";
import { Icon, IconButton } from "./icons";
import { Menu } from "./menu";
import { want } from "./switching";
import { onNews, tellTabs } from "./tabs";
import { closeSide, Find, useKey, useRoom } from "./room";
import type { Tell } from "./telling";

interface Line { id: string; title: string; day: string; pinned?: boolean }
interface List { at: number; chats?: Line[]; more?: boolean }
interface Found { chat: string; title: string; message?: string; who?: string; pieces?: string[] }
export interface SideData extends Known { words: Record<string, string>; heard: number; list: List; current: string; temporary: boolean }

const MORE = 48;
const PAUSE = 120; // milliseconds after a letter, before the search begins

export function Side({ data, tell }: { data: SideData; tell: Tell }) {
  const { words } = data;
  const place = useRef<HTMLElement>(null);
  const [list, setList] = useState(data.list);
  const [typed, setTyped] = useState("");
  const [found, setFound] = useState<Found[] | null>(null);
  const [current, setCurrent] = useState(data.current);
  const [renaming, setRenaming] = useState("");
  const [undo, setUndo] = useState<Line | null>(null);
  const api = useApi(data, tell);
  const shown = data.list.at > list.at ? data.list : list;
  useEffect(() => setCurrent(data.current), [data]);
  useEffect(() => {
    const known = shown.chats?.length ?? 0;
    // What was asked for beyond the first stays.
    if (data.list.at <= list.at) return;
    if (JSON.stringify(data.list.chats) !== JSON.stringify(list.chats)) tellTabs("");
    if ((list.chats?.length ?? 0) > known && data.list.more) void look(list.chats!.length);
    else setList(data.list);
  }, [data.list.at]);
  useRoom(place);

  const read = async (answer: Response) => {
    if (answer.ok) setList((await answer.json()) as List);
  };
  const look = async (limit = list.chats?.length ?? 0) => read(await api.request(`chats?limit=${Math.max(24, limit)}`, {}));
  const change = async (id: string, body: Record<string, unknown>) => {
    const limit = Math.max(24, list.chats?.length ?? 0);
    await read(await api.request(`chats/${id}?limit=${limit}`, { method: "PATCH", body: JSON.stringify(body) }));
    tellTabs(id);
  };
  const open = (chat: string, message = "") => {
    setCurrent(chat);
    want(chat, message, tell(chat ? { kind: "open", chat, message } : { kind: "new" }));
    closeSide();
  };
  const remove = async (line: Line) => {
    await change(line.id, { hidden: true });
    setUndo(line);
    if (line.id === current) open("");
  };
  const restore = async (line: Line) => {
    setUndo(null);
    await change(line.id, { hidden: false });
    open(line.id);
  };
  useEffect(() => onNews(() => void look()));
  useKey("KeyO", true, () => open(""));
  useEffect(() => {
    if (!typed.trim()) return setFound(null);
    const stop = new AbortController();
    const timer = setTimeout(async () => {
      const answer = await api.request(`chats?q=${encodeURIComponent(typed)}`, { signal: stop.signal }).catch(() => null);
      if (answer?.ok) setFound((await answer.json()) as Found[]);
    }, PAUSE);
    return () => { clearTimeout(timer); stop.abort(); };
  }, [typed]);

  return (
    <nav ref={place} class="side" aria-label={words["chat.list"]}>
      <div class="head">
        <button type="button" class="new" data-do="new" title="Ctrl+Shift+O" onClick={() => open("")}><Icon of={Plus} /> {words["chat.new"]}</button>
        <Find place={place} name={words["search.title"]} title={`${words["search.hint"]} (Ctrl+K)`} typed={typed} type={setTyped} take={() => found?.length && open(found[0].chat, found[0].message)}>
          {typed && <IconButton of={X} name={words["search.clear"]} onClick={() => { setTyped(""); place.current!.querySelector("input")!.focus(); }} />}
        </Find>
        <label title={words["chat.temporary_help"]}><input type="checkbox" data-do="temporary" checked={data.temporary} onChange={(event) => tell({ kind: "temporary", on: event.currentTarget.checked })} /> {words["chat.temporary"]}</label>
      </div>
      <div class="lines">
        {undo && (
          <p class="note" role="status">{words["chat.deleted_chat"].replace("{title}", undo.title)} <button type="button" onClick={() => void restore(undo)}>{words["chat.undo"]}</button></p>
        )}
        {found ? (
          <ul>
            {found.map((one) => <li key={one.chat + (one.message ?? "")}><Hit of={one} open={() => open(one.chat, one.message)} /></li>)}
            {!found.length && <li class="quiet" role="status">{words["search.nothing"]}</li>}
          </ul>
        ) : (
          groups(shown.chats ?? []).map(([day, lines]) => (
            <section key={day} aria-label={day}>
              <p class="day">{day}</p>
              <ul>
                {lines.map((line) => (
                  <li key={line.id} class={line.id === current ? "current" : ""} data-chat={line.id} data-testid="chat-line">
                    {renaming === line.id ? (
                      <Rename line={line} name={words["chat.rename"]} done={(title) => { setRenaming(""); if (title && title !== line.title) void change(line.id, { title }); focusLine(place.current!, line.id); }} />
                    ) : (
                      <button type="button" class="line" aria-current={line.id === current ? "page" : undefined} title={line.title} onClick={() => open(line.id)} onDblClick={() => setRenaming(line.id)}>{line.title}</button>
                    )}
                    <Menu
                      name={`${words["chat.more"]}: ${line.title}`} id="line"
                      choices={[
                        { id: "rename", name: words["chat.rename"], act: () => setRenaming(line.id) },
                        { id: "pin", name: words[line.pinned ? "chat.unpin" : "chat.pin"], act: () => void change(line.id, { pinned: !line.pinned }) },
                        { id: "export", name: words["chat.export"], act: () => tell({ kind: "export", chat: line.id }) },
                        { id: "delete", name: words["chat.delete"], act: () => void remove(line) },
                      ]}
                    />
                  </li>
                ))}
              </ul>
            </section>
          ))
        )}
        {!found && shown.more && <button type="button" class="quiet" onClick={() => void look((shown.chats?.length ?? 0) + MORE)}>{words["chat.older_ones"]}</button>}
      </div>
      <div class="feet">
        <button type="button" class="quiet" onClick={() => tell({ kind: "import" })}><Icon of={Upload} size={16} /> {words["chat.import"]}</button>
        <button type="button" class="quiet" onClick={() => tell({ kind: "export_all" })}><Icon of={Download} size={16} /> {words["chat.export_all"]}</button>
      </div>
    </nav>
  );
}

function Hit({ of, open }: { of: Found; open: () => void }) {
  return (
    <button type="button" class="hit" data-testid="found" onClick={open}>
      <span class="line">{of.title}</span>
      {of.pieces && <span class="quiet">{of.who}: {of.pieces.map((piece, place) => (place % 2 ? <strong>{piece}</strong> : piece))}</span>}
    </button>
  );
}

function Rename({ line, name, done }: { line: Line; name: string; done: (title: string) => void }) {
  const box = useRef<HTMLInputElement>(null);
  const over = useRef(false);
  const end = (title: string) => {
    if (!over.current) { over.current = true; done(title.trim()); }
  };
  useLayoutEffect(() => box.current!.select(), []);
  return (
    <input
      ref={box} class="rename" aria-label={name} defaultValue={line.title} maxLength={200} autoFocus
      onBlur={(event) => end(event.currentTarget.value)}
      onKeyDown={(event) => {
        event.stopPropagation();
        if (event.key === "Enter" && !event.isComposing) end(event.currentTarget.value);
        if (event.key === "Escape") end("");
      }}
    />
  );
}

function focusLine(place: HTMLElement, id: string): void {
  requestAnimationFrame(() => place.querySelector<HTMLElement>(`[data-chat="${CSS.escape(id)}"] .line`)?.focus());
}

function groups(lines: Line[]): [string, Line[]][] {
  const found = new Map<string, Line[]>();
  for (const line of lines) found.set(line.day, [...(found.get(line.day) ?? []), line]);
  return [...found];
}

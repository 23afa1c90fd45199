// A chat as this page knows it. It outlives the component: the module stays while the page does, so somebody may look at
// another page and come back to an answer that has gone on.
import { Api } from "./api";
import { events } from "./stream";
import { nameInAddress } from "./switching";
import { tellTabs } from "./tabs";
import { outbox, unheard, type Tell } from "./telling";
import type { Attached, ChatView, Data, Fault, Grow, Message, MessageView, Options } from "./types";

type Deed = Record<string, unknown> & { do: string };

const QUIET = new Set(["show", "hide", "restore", "rate", "rewrite", "branch", "decide"]); // deeds that ask no model
const TRIES = 8;
const PATIENCE = 10_000; // milliseconds
const BETWEEN_DRAWINGS = 400; // milliseconds
const LOOK_EVERY = 2000; // milliseconds
let count = 0;
const MERGED = ["parts", "steps", "waiting", "used", "thinking", "thought", "text", "deep", "images", "diagrams", "note", "cut", "error",
  "facts", "versions", "place", "rating", "wire", "model", "dialect", "other", "at", "state", "parent"] as const;

export class Store {
  messages: Message[] = [];
  earlier = false;
  loaded = false;
  busy = false;
  fault: Fault | null = null;
  unsent: { text: string; files: Attached[] } | null = null;
  queued: { text: string; files: Attached[] } | null = null;
  undo = "";
  draft = "";
  files: Attached[] = [];
  sending = false; // as soon as its files are read
  editing = "";
  scroll: { top: number; stick: boolean } | null = null;
  asked = ""; // the question that was asked last on this page, by its key
  place = ""; // the message to go to
  views = new Set<() => void>();
  private stamp = "";
  private given = 0; // how often the page's script gave its data
  private answered = false; // whether something is being answered, or was in the stream that is read
  private stream: AbortController | null = null;
  private readonly api: Api;

  readonly born: number;
  readonly name = `chat-${count++}`;

  constructor(public id: string, private data: Data, private tell: Tell) {
    this.born = data.fresh;
    this.api = new Api(data, tell);
  }

  changed(): void {
    for (const draw of this.views) draw();
  }

  /** Takes what the page's script gives, and looks what has changed if something has. */
  take(data: Data, tell: Tell): void {
    this.data = data;
    this.given++;
    this.tell = tell;
    this.api.take(data, tell);
    if (data.place) {
      this.loaded = false;
      this.place = data.place;
    }
    if (this.id && !this.busy && (!this.loaded || data.stamp !== this.stamp)) void this.follow();
  }

  /** Looks what has changed, since somebody says that something has. */
  look(): void {
    if (this.id && !this.busy) void this.follow();
  }

  get options(): Options[] {
    return this.data.options;
  }

  /** Sends what was typed, or puts it behind the answers that are being written. */
  ask(text: string, files: Attached[], options?: Options[]): void {
    if (this.busy) {
      this.queued = { text, files };
      this.changed();
      return;
    }
    this.fault = this.unsent = null;
    this.undo = "";
    const key = `new-${performance.now()}`;
    const parts = [
      ...(text ? [{ kind: "text" as const, text }] : []),
      ...files.map((file) => ({ kind: "file" as const, name: file.name })),
    ];
    this.messages.push(message({ id: key, role: "user", parts }), message({ id: `${key}-answer`, role: "assistant", state: "running" }));
    this.asked = key;
    const sent = files.map(({ name, data, text }) => (text === undefined ? { name, data } : { name, text }));
    const deed = () => ({ do: "ask", text, files: sent, options: options ?? this.options, temporary: this.data.temporary });
    void this.act(deed, () => {
      this.messages = this.messages.filter((one) => !one.key.startsWith(key));
      this.unsent = { text, files };
    });
  }

  /** Does something on the server and follows what comes of it; `undone` is called if it cannot be done. */
  async act(deed: Deed | (() => Deed), undone?: () => void): Promise<void> {
    const starts = typeof deed === "function" || !QUIET.has(deed.do);
    this.fault = null;
    if (starts) this.busy = this.answered = true;
    this.changed();
    // What was chosen a moment ago is on its way through the page's script.
    if (typeof deed === "function") await this.chosen();
    const body = JSON.stringify(typeof deed === "function" ? deed() : deed);
    await this.open(`chats/${this.id || "new"}`, { method: "POST", body }, undone, true);
  }

  /** Gets the chat as it is now, and follows its answers. */
  async follow(): Promise<void> {
    const limit = Math.max(this.data.reach, this.messages.length);
    await this.open(`chats/${this.id}/answers?limit=${limit}`, {});
  }

  async stop(): Promise<void> {
    if (this.id) await this.request(`chats/${this.id}`, { method: "DELETE" }).catch(() => undefined);
  }

  /** Shows as much of what is above as there is, up to `limit` messages. */
  async more(): Promise<void> {
    const answer = await this.request(`chats/${this.id}?limit=${this.messages.length + 40}`, {});
    if (!answer.ok) return;
    this.merge(await answer.json());
    this.changed();
  }

  async image(path: string): Promise<string> {
    const answer = await this.request(path, {});
    if (!answer.ok) throw (await answer.json()).fault as Fault;
    return URL.createObjectURL(await answer.blob());
  }

  /** Waits, for a while, until the page's script has been run to its end and its data is here. */
  private async chosen(): Promise<void> {
    const settled = () => idle() && this.data.picked >= outbox("models").heard;
    if (settled()) return;
    const given = this.given;
    await until(settled, PATIENCE);
    // The run is said to be over a moment before its data is here.
    await until(() => this.given > given, BETWEEN_DRAWINGS);
  }

  async request(path: string, init: RequestInit): Promise<Response> {
    return this.api.request(path, init);
  }

  private async open(path: string, init: RequestInit, undone?: () => void, mine = false): Promise<void> {
    const stream = new AbortController();
    let answer: Response;
    try {
      answer = await this.request(path, { ...init, signal: stream.signal });
      if (!answer.ok) {
        const said = await answer.json().catch(() => ({}));
        this.failed(said.fault ?? lost(this.data), undone);
        return;
      }
    } catch {
      this.failed(lost(this.data), undone);
      return;
    }
    const before = this.stream;
    this.stream = stream;
    before?.abort();
    await this.read(answer, stream, 0, mine);
  }

  private failed(fault: Fault, undone?: () => void): void {
    this.busy = this.answered = false;
    this.fault = fault;
    undone?.();
    this.changed();
    if (fault.kind === "store_unavailable") setTimeout(() => void this.comeBack(fault), LOOK_EVERY);
  }

  /** Looks whether the database is back, as long as its fault is what is shown. */
  private async comeBack(fault: Fault): Promise<void> {
    if (this.fault !== fault) return;
    const answer = await this.request(`chats/${this.id || "new"}`, {}).catch(() => null);
    if (answer && answer.status < 500 && this.fault === fault) {
      this.fault = null;
      this.changed();
      if (this.id) void this.follow();
    } else setTimeout(() => void this.comeBack(fault), LOOK_EVERY);
  }

  private async read(answer: Response, stream: AbortController, tries: number, mine: boolean): Promise<void> {
    let whole = false;
    let grown = 0;
    try {
      for await (const { event, data } of events(answer)) {
        if (this.stream !== stream) return;
        if (event === "chat") {
          this.shown(data as ChatView);
          if (mine) tellTabs(this.id);
        }
        else if (event === "grow") this.grow(data as Grow, ++grown);
        else if (event === "failed") this.fault = data as Fault;
        else if (event === "end") whole = true;
      }
    } catch {
      // Taken up again below.
    }
    if (this.stream !== stream) return;
    if (!whole && tries < TRIES) {
      await new Promise((later) => setTimeout(later, 250 * 2 ** tries));
      if (this.stream !== stream) return;
      try {
        const again = await this.request(`chats/${this.id}/answers?${this.places()}`, { signal: stream.signal });
        if (again.ok) return await this.read(again, stream, grown ? 0 : tries + 1, mine);
      } catch {
        // The server may be on its way back.
      }
      return await this.read(new Response(null), stream, tries + 1, mine);
    }
    this.over(whole);
  }

  private over(whole: boolean): void {
    const { answered } = this;
    this.stream = null;
    this.busy = this.answered = false;
    if (!whole) this.fault = lost(this.data);
    this.changed();
    if (answered) this.tell({ kind: "ended" });
    const { queued } = this;
    if (queued && answered) {
      this.queued = null;
      this.ask(queued.text, queued.files);
    }
  }

  /** Where the answers that are being written end, as far as this page has them. */
  private places(): string {
    const running = this.messages.flatMap((one) => (one.answers.length ? one.answers : [one])).filter((one) => one.at);
    return new URLSearchParams(running.map((one) => [one.id, one.at ?? ""])).toString();
  }

  private shown(view: ChatView): void {
    if (this.id && view.id !== this.id) {
      // A chat of its own was made from here.
      this.tell({ kind: "opened", chat: view.id });
      return;
    }
    const isNew = !this.id;
    this.id = view.id;
    this.stamp = view.stamp ?? "";
    this.busy = Boolean(view.running);
    this.answered ||= this.busy;
    this.loaded = true;
    this.merge(view);
    this.changed();
    if (!isNew) return;
    if (this.views.size) nameInAddress(view.id);
    this.tell({ kind: "opened", chat: view.id, made: true });
  }

  /** Puts the end of the branch in the place of what is here from there on. */
  private merge(view: ChatView): void {
    const views = view.messages ?? [];
    const known = new Map(this.messages.map((one) => [one.id, one]));
    const fresh = this.messages.filter((one) => one.id.startsWith("new-"));
    const start = views.length ? this.messages.findIndex((one) => one.id === views[0].parent) : -1;
    const kept = view.earlier && start >= 0 ? this.messages.slice(0, start + 1) : [];
    const added = views.filter((one) => !known.has(one.id));
    const made = views.map((one) => {
      const old = known.get(one.id);
      if (old) return update(old, one);
      const place = added.length - added.indexOf(one);
      // What was drawn at once stays where it is, under its real name.
      const twin = fresh[fresh.length - place];
      return twin && twin.role === one.role ? update(twin, one) : message(one);
    });
    if (!kept.length) this.earlier = Boolean(view.earlier);
    this.messages = [...kept, ...made];
  }

  private grow(gain: Grow, count: number): void {
    const one = this.messages.flatMap((m) => [m, ...m.answers]).find((m) => m.id === gain.id && !m.answers.length);
    if (!one) return;
    one.at = gain.at;
    let drawn = gain.phase !== one.phase || Boolean(gain.steps) || Boolean(gain.anew) || count === 1;
    drawn ||= Boolean(gain.saved === false) !== Boolean(one.unsaved);
    const waiting = gain.waiting ?? [];
    drawn ||= waiting.length !== (one.waiting ?? []).length;
    one.waiting = waiting;
    one.phase = gain.phase;
    one.unsaved = gain.saved === false;
    one.since ??= performance.now() - 1000 * (gain.waited ?? 0);
    if (gain.steps) one.steps = gain.steps;
    if (gain.anew) {
      one.text = one.thinking = "";
      one.epoch++;
    }
    for (const field of ["thinking", "text"] as const) {
      const more = gain[field];
      if (!more) continue;
      drawn ||= !one[field];
      one[field] = (one[field] ?? "") + more;
      one.grow?.[field]?.(more);
    }
    if (drawn) {
      one.rev++;
      this.changed();
    }
  }
}

function message(view: MessageView): Message {
  const made: Message = { ...view, key: view.id, rev: 0, epoch: 0, raw: JSON.stringify(view), answers: [] };
  made.answers = (view.together ?? []).map((one) => message({ ...one }));
  if (view.at) made.phase = "reading";
  return made;
}

function update(old: Message, view: MessageView): Message {
  const raw = JSON.stringify(view);
  if (raw === old.raw && !old.phase) return old;
  old.id = view.id;
  old.raw = raw;
  old.rev++;
  // While it grows, what is drawn goes on only if nobody has told more, or less, of it elsewhere.
  if (view.at && (view.text !== old.text || view.thinking !== old.thinking)) old.epoch++;
  for (const name of MERGED) (old as unknown as Record<string, unknown>)[name] = view[name];
  if (!view.at) old.phase = old.since = undefined;
  const known = new Map(old.answers.map((one) => [one.id, one]));
  old.answers = (view.together ?? []).map((one) => (known.has(one.id) ? update(known.get(one.id)!, one) : message(one)));
  return old;
}

/** Says whether the page's script has nothing to do: it neither runs nor was asked to, and has heard all. */
function idle(): boolean {
  const state = document.querySelector("[data-testid=stApp]")?.getAttribute("data-test-script-state");
  return state !== "running" && state !== "rerunRequested" && !unheard();
}

async function until(there: () => boolean, patience: number): Promise<void> {
  const end = performance.now() + patience;
  while (!there() && performance.now() < end) await new Promise((later) => setTimeout(later, 15));
}

function lost(data: Data): Fault {
  return { kind: "other", title: data.words["chat.lost"], cause: data.words["chat.lost_cause"] };
}

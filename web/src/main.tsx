// What Streamlit's page calls: once when it is drawn first, and again with each change of data or theme.
import { render } from "preact";
import { Chat } from "./chat";
import { nameCopy } from "./copying";
import { Store, type Tell } from "./store";
import { SurfaceContext } from "./surface";
import type { Data } from "./types";
import style from "./chat.css";

interface Mount { data: Data; parentElement: HTMLElement; setTriggerValue: (name: string, value: unknown) => void }
interface Root { place: HTMLElement; store: Store | null; draw: () => void }

const stores = new Map<string, Store>();
const roots = new WeakMap<HTMLElement, Root>();
const KEPT = 30;
const AGAIN = 400; // milliseconds
let blank: Store | null = null;

// What was told and not heard yet: of two clicks in one run of the page's script Streamlit keeps one.
type Told = Record<string, unknown> & { n: number };
let outbox: Told[] = [];
let number = Date.now() * 1000;
let send = () => undefined as void;

const tell: Tell = (event) => {
  outbox = [...outbox, { ...event, n: ++number }];
  send();
};

const resend = () => {
  if (outbox.length) send();
};

export default function mount({ data, parentElement, setTriggerValue }: Mount): () => void {
  const root = roots.get(parentElement) ?? begin(parentElement);
  send = () => setTriggerValue("event", { events: outbox });
  outbox = outbox.filter((event) => event.n > data.heard);
  if (outbox.length) setTimeout(resend, AGAIN);
  nameCopy(data.words["chat.copy"]);
  const store = storeOf(root.store, data, tell);
  root.store?.views.delete(root.draw);
  root.store = store;
  root.place.dataset.theme = isDark(root.place) ? "dark" : "light";
  root.draw = () =>
    render(
      <SurfaceContext.Provider value={{ store, data, words: data.words, tell }}>
        <Chat key={store.name} />
      </SurfaceContext.Provider>,
      root.place,
    );
  store.views.add(root.draw);
  store.take(data, tell);
  root.draw();
  return () => {
    store.views.delete(root.draw);
    root.store?.views.delete(root.draw);
    render(null, root.place);
    root.place.remove();
    roots.delete(parentElement);
  };
}

function begin(parent: HTMLElement): Root {
  const sheet = document.createElement("style");
  sheet.textContent = style;
  const place = document.createElement("div");
  place.className = "diglot-chat";
  parent.append(sheet, place);
  const root: Root = { place, store: null, draw: () => undefined };
  roots.set(parent, root);
  return root;
}

/** Returns the chat that is open; one that was new until now stays the same, though it has an id since. */
function storeOf(shown: Store | null, data: Data, tell: Tell): Store {
  if (!data.chat) {
    if (blank?.born !== data.fresh) blank = new Store("", data, tell);
    return blank;
  }
  // A chat that was made here has its id before the page's script knows of it.
  const made = [shown, blank].find((one) => one?.id === data.chat);
  const store = stores.get(data.chat) ?? made ?? new Store(data.chat, data, tell);
  stores.delete(data.chat);
  stores.set(data.chat, store);
  for (const old of [...stores.keys()].slice(0, -KEPT)) stores.delete(old);
  return store;
}

function isDark(place: HTMLElement): boolean {
  const colour = getComputedStyle(place).getPropertyValue("--st-background-color").trim();
  const found = /^#(..)(..)(..)/.exec(colour);
  return found ? found.slice(1).reduce((sum, part) => sum + parseInt(part, 16), 0) < 384 : false;
}

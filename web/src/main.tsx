// What Streamlit's page calls for each part: once when it is drawn first, and again with each change of data or theme.
import { render, type ComponentChild } from "preact";
import { Chat } from "./chat";
import { nameCopy } from "./copying";
import { Lines, type LinesData } from "./lines";
import { Live, type LiveData } from "./live";
import { Picker, type PickerData } from "./picker";
import { comeBack, leave } from "./returning";
import { Side, type SideData } from "./side";
import { Store } from "./store";
import { SurfaceContext } from "./surface";
import { asWanted, surface } from "./switching";
import { onNews } from "./tabs";
import { outbox, type Tell } from "./telling";
import type { Data } from "./types";
import style from "./chat.css";
import sideStyle from "./side.css";

type Given = (Data & { part: "chat" }) | (SideData & { part: "side" }) | (PickerData & { part: "models" }) | (LiveData & { part: "wire" }) | (LinesData & { part: "lines"; home: string });
interface Page { data: Given; parentElement: HTMLElement; setTriggerValue: (name: string, value: unknown) => void }
interface Root { place: HTMLElement; store: Store | null; draw: () => void; show: () => void; ending: number }

const stores = new Map<string, Store>();
const roots = new WeakMap<HTMLElement, Root>();
const KEPT = 30;
const LINGERS = 1000; // milliseconds
let blank: Store | null = null;
const sheet = new CSSStyleSheet();
sheet.replaceSync(style + sideStyle);

onNews((chat) => {
  const store = stores.get(chat);
  if (store?.views.size) store.look();
});

export function mount({ data, parentElement, setTriggerValue }: Page): () => void {
  const root = roots.get(parentElement) ?? begin(parentElement, data.part, data.home);
  clearTimeout(root.ending);
  const box = outbox(data.part);
  box.take((events) => setTriggerValue("event", { events }), data.heard);
  root.place.dataset.theme = isDark(root.place) ? "dark" : "light";
  if (data.part === "chat") showChat(root, data, box.tell);
  else {
    render(drawn(data, box.tell), root.place);
    comeBack(root.place, data.part);
  }
  return () => {
    leave(root.place, data.part);
    clearTimeout(root.ending);
    root.ending = setTimeout(() => end(root, parentElement), LINGERS);
    requestAnimationFrame(() => { if (!parentElement.isConnected) end(root, parentElement); });
  };
}

/** Ends a part that has gone. Streamlit now and then begins one anew in the place where it has just ended it: until then it stays, or the page would flash. */
function end(root: Root, parent: HTMLElement): void {
  clearTimeout(root.ending);
  if (surface.draw === root.show) surface.draw = null;
  root.store?.views.delete(root.draw);
  render(null, root.place);
  root.place.remove();
  if (roots.get(parent) === root) roots.delete(parent);
}

function drawn(data: Exclude<Given, { part: "chat" }>, tell: Tell): ComponentChild {
  if (data.part === "side") return <Side data={data} tell={tell} />;
  if (data.part === "lines") return <Lines data={data} tell={tell} />;
  return data.part === "wire" ? <Live data={data} tell={tell} /> : <Picker data={data} tell={tell} />;
}

function showChat(root: Root, given: Data, tell: Tell): void {
  surface.draw = root.show = () => showChat(root, given, tell);
  const data = asWanted(given);
  nameCopy(data.words["chat.copy"]);
  const store = storeOf(root.store, data, tell);
  root.store?.views.delete(root.draw);
  root.store = store;
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
}

function begin(parent: HTMLElement, part: string, home: string): Root {
  if (!document.querySelector("link[rel=manifest]")) {
    const link = document.createElement("link");
    link.rel = "manifest";
    link.href = `${home}/manifest.webmanifest`;
    document.head.append(link);
  }
  // Once for all parts: each sheet that comes makes the browser look at every element of the page again.
  if (!document.adoptedStyleSheets.includes(sheet)) document.adoptedStyleSheets.push(sheet);
  const place = document.createElement("div");
  place.className = `diglot-chat part-${part === "lines" ? "side" : part}`;
  parent.append(place);
  const root: Root = { place, store: null, draw: () => undefined, show: () => undefined, ending: 0 };
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

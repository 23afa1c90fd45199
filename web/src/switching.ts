// Another chat is shown as soon as it is clicked at the side; the page's script hears of it meanwhile.
import type { Data } from "./types";

interface Wanted { chat: string; message: string; n: number }

let wanted: Wanted[] = [];
let beginning: Partial<Data> = {};
export const surface = { draw: null as (() => void) | null };

/** Shows a chat, at one of its messages, or with "" a new one; `n` is the event that tells the script. */
export function want(chat: string, message: string, n: number): void {
  if (!surface.draw) return;
  wanted = [...wanted, { chat, message, n }];
  surface.draw();
  for (const one of wanted) one.message = "";
}

/** Returns what the page's script gives, with what it has not heard yet. */
export function asWanted(data: Data): Data {
  wanted = wanted.filter((one) => one.n > data.side);
  if (!data.chat) beginning = { found: data.found, examples: data.examples };
  const last = wanted.at(-1);
  if (!last) return data;
  const other = { ...data, place: last.message, stamp: "", meter: null, hint: "", instead: "", wire: "" };
  if (last.chat) return { ...other, chat: last.chat };
  // The script counts each new chat that it hears of.
  return { ...other, ...beginning, chat: "", fresh: data.fresh + wanted.filter((one) => !one.chat).length };
}

/** Names a new chat in the page's address: who reloads before the script has heard of the chat comes back to it. */
export function nameInAddress(chat: string): void {
  const address = new URL(location.href);
  address.searchParams.set("c", chat);
  // The script sets the same, and Streamlit leaves an address that is so already as it is.
  history.pushState({}, "", address);
}

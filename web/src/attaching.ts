// Files beside a question that is being written: an image goes as it is, of any other file the server says what the
// model would get, and that is what is sent.
import type { Store } from "./store";
import type { Attached, Fault } from "./types";

interface Preview { about: string; text?: string; cut?: string }

/** Adds files to what is being written, and has them read. */
export function attach(store: Store, list: Iterable<File>, lost: string): void {
  const files = [...list];
  const added = files.map((file): Attached => ({ name: file.name || "image.png", data: "", image: "", state: "reading" }));
  store.files = [...store.files, ...added];
  store.changed();
  added.forEach((one, place) => {
    void read(store, one, files[place]).catch(() => refuse(one, lost)).then(() => store.changed());
  });
}

async function read(store: Store, one: Attached, file: File): Promise<void> {
  if (/^image\/(png|jpeg|gif|webp)$/.test(file.type)) {
    one.image = await dataUrl(file);
    one.data = one.image.slice(one.image.indexOf(",") + 1);
    one.state = "ready";
    return;
  }
  const answer = await store.request(`files?name=${encodeURIComponent(one.name)}`, { method: "POST", body: file });
  if (!answer.ok) {
    const { fault } = (await answer.json()) as { fault: Fault };
    return refuse(one, fault.said || fault.cause);
  }
  const preview = (await answer.json()) as Preview;
  // An image whose name and kind do not say so has no text.
  if (preview.text === undefined) {
    const url = await dataUrl(file);
    one.data = url.slice(url.indexOf(",") + 1);
  }
  Object.assign(one, preview, { state: "ready" });
}

function refuse(one: Attached, why: string): void {
  one.state = "refused";
  one.why = why;
}

function dataUrl(file: File): Promise<string> {
  return new Promise((resolve, reject) => {
    const reader = new FileReader();
    reader.onload = () => resolve(String(reader.result));
    reader.onerror = () => reject(reader.error);
    reader.readAsDataURL(file);
  });
}

// A text that grows: only its last block is parsed again, and nodes that are drawn stay where they are, so that what
// somebody has selected in them stays selected.
import { md } from "./markdown";
import { finish } from "./finish";

const SLOW = 400; // milliseconds after which a text that grows is shown letter for letter until it has ended

type Fence = { close: RegExp; node: Text; line: string };

export class Growing {
  private tail = "";
  private readonly env = {};
  private fence: Fence | null = null;
  private plain: Text | null = null;
  private last: Node | null = null; // the last node that will not change
  text = "";

  constructor(private readonly root: HTMLElement, private readonly letters = false) {
    if (letters) this.asLetters();
  }

  append(text: string): void {
    this.text += text;
    if (this.plain) this.plain.appendData(text);
    else if (!this.fence || !this.appendCode(text)) {
      this.tail += text;
      this.draw(false);
    }
  }

  end(): void {
    this.fence = null;
    if (this.plain && !this.letters) {
      // It took too long to be drawn again and again; once is no harm.
      this.plain = this.last = null;
      this.root.replaceChildren();
      this.tail = this.text;
    }
    if (!this.plain) this.draw(true);
  }

  /** Adds to an open block of code, if nothing in the text can close it. */
  private appendCode(text: string): boolean {
    const fence = this.fence!;
    const line = fence.line + text;
    if (fence.close.test(line) || /(^|\n) {0,3}[`~]+[^\n]*$/.test(line)) {
      this.fence = null;
      return false;
    }
    this.tail += text;
    fence.line = line.slice(line.lastIndexOf("\n") + 1);
    fence.node.appendData(text);
    return true;
  }

  private draw(final: boolean): void {
    const began = performance.now();
    const tokens = md.parse(this.tail, this.env);
    const starts = tokens.flatMap((token, place) => (token.level === 0 && token.nesting >= 0 && token.map ? [place] : []));
    let now: Node | null = this.last ? this.last.nextSibling : this.root.firstChild;
    let done = this.last;
    starts.forEach((start, number) => {
      const isLast = number === starts.length - 1;
      const block = tokens.slice(start, isLast ? tokens.length : starts[number + 1]);
      const next = nodes(md.renderer.render(block, md.options, this.env));
      for (const node of [...next.childNodes]) {
        const drawn: Node = patch(this.root, now, node);
        now = drawn.nextSibling;
        if (!isLast || final) {
          if (drawn instanceof HTMLElement) finish(drawn);
          done = drawn;
        }
      }
    });
    while (now) {
      const more: Node | null = now.nextSibling;
      this.root.removeChild(now);
      now = more;
    }
    this.last = done;
    this.cut(tokens, starts, final);
    if (performance.now() - began > SLOW && !final) this.asLetters();
  }

  private cut(tokens: ReturnType<typeof md.parse>, starts: number[], final: boolean): void {
    if (final) {
      this.tail = "";
      return;
    }
    const open = tokens[starts[starts.length - 1]];
    if (!open?.map) return;
    if (open.map[0] > 0) {
      let place = 0;
      for (let line = 0; line < open.map[0]; line++) place = this.tail.indexOf("\n", place) + 1;
      this.tail = this.tail.slice(place);
    }
    if (open.type !== "fence") return;
    const close = new RegExp(`(^|\\n) {0,3}\\${open.markup[0]}{${open.markup.length},}[ \\t]*(\\n|$)`);
    const body = this.tail.slice(this.tail.indexOf("\n") + 1);
    const code = (this.last ? this.last.nextSibling : this.root.firstChild) as HTMLElement | null;
    const node = code?.querySelector?.("code")?.lastChild;
    if (!this.tail.includes("\n") || close.test(body) || !(node instanceof Text)) return;
    // What the parser leaves out of an open block is its last line's end.
    if (node.data !== body) node.data = body;
    this.fence = { close, node, line: body.slice(body.lastIndexOf("\n") + 1) };
  }

  /** Draws all of it letter for letter. */
  private asLetters(): void {
    this.root.replaceChildren();
    this.plain = document.createTextNode(this.text);
    const whole = document.createElement("div");
    whole.className = "letters";
    whole.append(this.plain);
    this.root.append(whole);
  }
}

const template = document.createElement("template");

function nodes(html: string): DocumentFragment {
  template.innerHTML = html;
  return template.content;
}

/** Makes `now` like `next`, or puts `next` in its place; returns the node that stands there. */
function patch(parent: Node, now: Node | null, next: Node): Node {
  if (!now) return parent.appendChild(next);
  if (now instanceof Text && next instanceof Text) {
    if (next.data.startsWith(now.data)) now.appendData(next.data.slice(now.data.length));
    else now.data = next.data;
    return now;
  }
  if (!(now instanceof Element && next instanceof Element && now.nodeName === next.nodeName)) {
    parent.replaceChild(next, now);
    return next;
  }
  if (now.isEqualNode(next)) return now;
  for (const { name, value } of [...next.attributes]) if (now.getAttribute(name) !== value) now.setAttribute(name, value);
  for (const { name } of [...now.attributes]) if (!next.hasAttribute(name)) now.removeAttribute(name);
  let child: Node | null = now.firstChild;
  for (const wanted of [...next.childNodes]) child = patch(now, child, wanted).nextSibling;
  while (child) {
    const more: Node | null = child.nextSibling;
    now.removeChild(child);
    child = more;
  }
  return now;
}

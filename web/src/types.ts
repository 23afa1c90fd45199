// What core/chats/feed sends, and what the page's script gives. Fields that are empty are left out.

export interface Part { kind: "text" | "file" | "image" | "address"; text?: string; name?: string; place?: number }
export interface CallView { name: string; short?: string; arguments?: string; result?: string; state?: string; took?: string; refused?: boolean }
export interface WaitingView { id: string; name: string; arguments: string }
export interface StepView { calls?: CallView[]; text?: string; thinking?: string; thought?: string }
export interface Fault {
  kind: string; title: string; cause: string; command?: string; said?: string; open?: boolean;
  cure?: "pull" | "retry"; cure_words?: string; model?: string;
}
export interface MessageView {
  id: string; role: string; parent?: string; state?: string; at?: string; parts?: Part[]; steps?: StepView[]; waiting?: WaitingView[];
  used?: string; thinking?: string; thought?: string; text?: string; deep?: boolean;
  images?: { number: number; words: string }[]; diagrams?: boolean[]; note?: string; cut?: boolean; error?: Fault;
  facts?: string; versions?: string[]; place?: number; rating?: number; wire?: number; model?: string;
  dialect?: string; other?: string; together?: MessageView[];
}
export interface ChatView {
  id: string; title?: string; stamp?: string; messages?: MessageView[]; earlier?: boolean; running?: boolean;
}
export interface Grow {
  id: string; at: string; phase: string; saved?: boolean; anew?: boolean; text?: string; thinking?: string;
  steps?: StepView[]; waiting?: WaitingView[]; waited?: number;
}
export interface Options { model: string; dialect?: string; [name: string]: unknown }
export interface Example { text: string; options: Options }
export interface Data {
  sees: boolean; seeing: string;
  side: number; picked: number;
  home: string; ticket: string; language: string; chat: string; place: string; stamp: string; options: Options[];
  models: string[]; apis: Record<string, string>; temporary: boolean; found?: string; hint?: string; instead?: string; wire?: string; able?: string; meter?: { words: string; full: boolean; share?: number } | null; reach: number;
  examples: Example[];
  words: Record<string, string>; fresh: number; heard: number;
}
/** A file beside a question: `data` of an image, `text` as the model gets it of any other, `why` it is refused. */
export interface Attached {
  name: string; data: string; image: string; state: "reading" | "ready" | "refused";
  about?: string; text?: string; cut?: string; why?: string;
}

/** A message as it is drawn: what the server said of it, and what only this page knows. */
export interface Message extends MessageView {
  key: string; rev: number; raw: string; phase?: string; since?: number; unsaved?: boolean; epoch: number;
  grow?: Partial<Record<"text" | "thinking", (text: string) => void>>; answers: Message[];
}

// Tabs of one browser tell each other which chat has changed, so that each looks at once.

const channel = typeof BroadcastChannel === "undefined" ? null : new BroadcastChannel("diglot");

/** Tells the other tabs that a chat has changed, or the list of chats. */
export function tellTabs(chat: string): void {
  channel?.postMessage({ chat });
}

/** Calls `hear` with the chat whenever another tab tells something; returns what ends that. */
export function onNews(hear: (chat: string) => void): () => void {
  const heard = (event: MessageEvent) => hear(String((event.data as { chat?: unknown })?.chat ?? ""));
  channel?.addEventListener("message", heard);
  return () => channel?.removeEventListener("message", heard);
}

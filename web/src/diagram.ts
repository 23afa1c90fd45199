// Loaded with the first Mermaid diagram. What is drawn becomes a picture: a picture loads nothing and runs nothing.
import mermaid from "mermaid";

let count = 0;

export async function picture(source: string, dark: boolean): Promise<string> {
  mermaid.initialize({
    startOnLoad: false,
    securityLevel: "strict",
    theme: dark ? "dark" : "default",
    htmlLabels: false,
    flowchart: { htmlLabels: false },
    suppressErrorRendering: true,
    fontFamily: "sans-serif",
  });
  const { svg } = await mermaid.render(`diglot-diagram-${count++}`, source);
  // As XML, which a picture has to be.
  const drawn = new DOMParser().parseFromString(svg, "text/html").querySelector("svg");
  if (!drawn) throw new Error("no diagram");
  const box = drawn.viewBox.baseVal;
  if (box?.width) {
    drawn.setAttribute("width", String(Math.ceil(box.width)));
    drawn.setAttribute("height", String(Math.ceil(box.height)));
  }
  const text = new XMLSerializer().serializeToString(drawn);
  return URL.createObjectURL(new Blob([text], { type: "image/svg+xml" }));
}

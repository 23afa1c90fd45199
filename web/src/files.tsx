// The files beside the question: what each is, how much the model gets of it, and that itself for whoever opens it.
import { useState } from "preact/hooks";
import { CircleAlert, FileText, X } from "lucide";
import { Icon, IconButton } from "./icons";
import { useSurface } from "./surface";
import type { Attached } from "./types";

const SHOWN = 50_000; // letters of a preview

export function Files({ back }: { back: () => void }) {
  const { store, words } = useSurface();
  if (!store.files.length) return null;
  const remove = (file: Attached) => () => {
    store.files = store.files.filter((one) => one !== file);
    store.changed();
    back();
  };
  return (
    <ul class="files">
      {store.files.map((file, place) => (
        <li key={`${file.name}${place}`} data-testid="attached" class={file.state}>
          <OneFile file={file} />
          <IconButton of={X} name={words["chat.remove_file"].replace("{name}", file.name)} onClick={remove(file)} />
        </li>
      ))}
    </ul>
  );
}

function OneFile({ file }: { file: Attached }) {
  const { words } = useSurface();
  const [open, setOpen] = useState(false);
  if (file.image) return <><img src={file.image} alt="" /> <span>{file.name}</span></>;
  if (file.state === "reading") return <span role="status"><span class="dot" /> {words["files.reading"].replace("{name}", file.name)}</span>;
  if (file.state === "refused") return <span role="alert"><Icon of={CircleAlert} size={16} /> {file.why}</span>;
  const text = file.text ?? "";
  return (
    <details class="fold" onToggle={(event) => setOpen(event.currentTarget.open)}>
      <summary title={words["files.preview"]}>
        <Icon of={FileText} size={16} /> <strong>{file.name}</strong> <span>{file.about}</span>
      </summary>
      {file.cut && <p class="note">{file.cut}</p>}
      {open && text && <pre tabIndex={0} aria-label={words["files.preview"]}><code>{text.length > SHOWN ? `${text.slice(0, SHOWN)}…` : text}</code></pre>}
    </details>
  );
}

/** A user's own new password. */
import { useState } from "preact/hooks";
import { asApiError } from "../../api/resource";
import { changePassword } from "../../api/session";
import { Dialog } from "../../lib/controls";
import { plain } from "../../lib/text";

export default function ChangePassword({ onClose }: { readonly onClose: () => void }) {
  const [old, setOld] = useState("");
  const [fresh, setFresh] = useState("");
  const [again, setAgain] = useState("");
  const [told, setTold] = useState("");
  const [busy, setBusy] = useState(false);
  const submit = async (event: Event) => {
    event.preventDefault();
    if (fresh !== again) return setTold("The two new passwords differ.");
    setBusy(true);
    try {
      await changePassword(old, fresh);
      onClose();
    } catch (failed) {
      const text = plain(asApiError(failed).message);
      setTold(`${text.charAt(0).toUpperCase()}${text.slice(1)}`);
      setBusy(false);
    }
  };
  const field = (label: string, value: string, set: (value: string) => void, kind: "current-password" | "new-password") => (
    <label>{label}<input type="password" autocomplete={kind} required value={value} onInput={(event) => set(event.currentTarget.value)} /></label>
  );
  return (
    <Dialog title="Change your password" onClose={onClose}>
      <form class="token passwords" onSubmit={(event) => void submit(event)}>
        {field("Password until now", old, setOld, "current-password")}
        {field("New password", fresh, setFresh, "new-password")}
        {field("New password once more", again, setAgain, "new-password")}
        <p class={told ? "problem" : "hint"} role={told ? "alert" : undefined}>{told || "Your sessions in other browsers end."}</p>
        <div class="row"><button type="button" onClick={onClose}>Cancel</button><button type="submit" class="primary" disabled={busy}>Change it</button></div>
      </form>
    </Dialog>
  );
}

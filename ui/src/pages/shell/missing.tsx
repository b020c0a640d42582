import { link } from "../../lib/router";

export function Missing() {
  document.title = "Not found · heapwatch";
  return (
    <section class="blank">
      <h1>There is no such page</h1>
      <p>The address may be mistyped, or come from another version of heapwatch.</p>
      <p><a href={link("/")}>All JVMs</a> · <a href={link("/class")}>Find a class</a></p>
    </section>
  );
}

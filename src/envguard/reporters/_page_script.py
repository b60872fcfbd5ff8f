"""The script of the HTML page: filters, sorts and folds what is already there. It makes no markup of any text."""

SCRIPT = """
(() => {
  "use strict";
  const table = document.getElementById("table");
  if (!table) { return; }
  document.documentElement.classList.add("js");

  const text = document.getElementById("filter");
  const code = document.getElementById("code");
  const chips = [...document.querySelectorAll(".chip")];
  const unfold = document.getElementById("unfold");
  const shown = document.getElementById("shown");
  const none = document.getElementById("none");
  const findings = [...table.tBodies];
  const words = new Map(findings.map((finding) => [finding, finding.textContent.toLowerCase()]));

  const button = (finding) => finding.querySelector(".fold");
  const isOpen = (finding) => button(finding).getAttribute("aria-expanded") === "true";
  const open = (finding, yes) => {
    button(finding).setAttribute("aria-expanded", String(yes));
    finding.rows[1].hidden = !yes;
  };

  const filter = () => {
    const wanted = text.value.toLowerCase().split(/\\s+/).filter(Boolean);
    const pressed = chips.filter((chip) => chip.getAttribute("aria-pressed") === "true");
    const verdicts = new Set(pressed.map((chip) => chip.dataset.verdict));
    let count = 0;
    for (const finding of findings) {
      const fits = (!verdicts.size || verdicts.has(finding.dataset.verdict))
        && (!code.value || code.value === finding.dataset.code)
        && wanted.every((word) => words.get(finding).includes(word));
      finding.hidden = !fits;
      count += fits ? 1 : 0;
    }
    const said = count === findings.length ? table.dataset.all : table.dataset.some;
    shown.textContent = said.replace("##", findings.length).replace("#", count);
    none.hidden = count > 0;
  };

  const collator = new Intl.Collator(document.documentElement.lang, { numeric: true });
  const keyOf = (finding, column) => {
    const cell = finding.rows[0].cells[column];
    return cell.dataset.rank ?? cell.textContent;
  };
  const sort = (head) => {
    const heads = [...head.parentNode.cells];
    const column = heads.indexOf(head);
    const down = head.getAttribute("aria-sort") === "ascending";
    for (const other of heads) { other.setAttribute("aria-sort", "none"); }
    head.setAttribute("aria-sort", down ? "descending" : "ascending");
    const sign = down ? -1 : 1;
    findings.sort((one, two) => sign * collator.compare(keyOf(one, column), keyOf(two, column)));
    table.append(...findings);
  };

  const label = () => {
    const folded = findings.some((finding) => !finding.hidden && !isOpen(finding));
    unfold.textContent = folded ? table.dataset.unfold : table.dataset.fold;
  };
  const reveal = () => {
    const meant = document.getElementById(decodeURIComponent(location.hash.slice(1)));
    if (findings.includes(meant)) { open(meant, true); label(); }
  };

  for (const finding of findings) {
    open(finding, false);
    finding.rows[0].addEventListener("click", (event) => {
      const selecting = String(getSelection()).length > 0 && !event.target.closest(".fold");
      if (!selecting) { open(finding, !isOpen(finding)); label(); }
    });
  }
  for (const head of table.tHead.rows[0].cells) {
    head.querySelector("button").addEventListener("click", () => sort(head));
  }
  for (const chip of chips) {
    chip.addEventListener("click", () => {
      chip.setAttribute("aria-pressed", String(chip.getAttribute("aria-pressed") !== "true"));
      filter(); label();
    });
  }
  text.addEventListener("input", () => { filter(); label(); });
  code.addEventListener("change", () => { filter(); label(); });
  unfold.addEventListener("click", () => {
    const visible = findings.filter((finding) => !finding.hidden);
    const yes = visible.some((finding) => !isOpen(finding));
    for (const finding of visible) { open(finding, yes); }
    label();
  });
  document.addEventListener("keydown", (event) => {
    const typing = event.target.matches("input, select, textarea");
    if (event.key === "/" && !typing && !event.ctrlKey && !event.metaKey) { event.preventDefault(); text.focus(); }
    if (event.key === "Escape" && event.target === text) { text.value = ""; filter(); label(); }
  });
  addEventListener("hashchange", reveal);
  if (findings.length === 1) { open(findings[0], true); }
  filter(); label(); reveal();
})();
"""

/* Counterfoil's only script: speed, never function. Everything here can also be done without it. */
(() => {
  const $ = (q, from = document) => from.querySelector(q);
  const $$ = (q) => [...document.querySelectorAll(q)];

  // After a refused form, start at the list of what to put right.
  $(".errs")?.focus();

  // The current tab is in view, even in a narrow bar. Only the bar scrolls, not the page.
  for (const tab of $$(".nav [aria-current], .tabs [aria-current]")) {
    const bar = tab.closest(".tabs, .nav ul, .nav");
    for (const box of [bar, bar.parentElement]) box.scrollLeft = tab.offsetLeft - box.clientWidth / 2;
  }

  // Menus close on Escape and on a press elsewhere.
  addEventListener("click", (e) => {
    for (const menu of $$(".menu[open]")) if (!menu.contains(e.target)) menu.open = false;
  });
  addEventListener("keydown", (e) => {
    if (e.key !== "Escape") return;
    for (const menu of $$(".menu[open]")) {
      menu.open = false;
      $("summary", menu).focus();
    }
  });

  // Copy buttons appear only where copying works.
  if (navigator.clipboard) {
    for (const button of $$("[data-copy]")) {
      button.hidden = false;
      const said = button.textContent;
      button.onclick = () => navigator.clipboard.writeText(button.dataset.copy).then(() => {
        button.textContent = button.dataset.done;
        setTimeout(() => (button.textContent = said), 2000);
      }, () => (button.hidden = true));
    }
  }

  // The desk's keys: off while typing, and off when the person turned them off.
  if (!document.body.hasAttribute("data-keys")) return;
  let first = "";
  const press = (el) => el && (el.matches("input") ? el.focus() : el.click());
  const rows = () => $$(".queue > li");
  const move = (by) => {
    const all = rows();
    if (!all.length) return;
    const on = all.findIndex((li) => li.matches(".on"));
    const next = on < 0 ? 0 : Math.min(Math.max(on + by, 0), all.length - 1);
    all[on]?.classList.remove("on");
    all[next].classList.add("on");
    all[next].tabIndex = -1; // the row itself takes the focus, so that Enter on a link still follows the link
    all[next].focus();
  };
  const acts = {
    j: () => move(1),
    k: () => move(-1),
    Enter: (row) => row && press($(".go a, .go button", row)),
    s: (row) => row && press($("button[value=monday]", row)),
    e: (row) => row && press($("button[value=done]", row)),
  };
  addEventListener("keydown", (e) => {
    const typing = e.target.closest("input, textarea, select, [contenteditable]");
    if (e.key === "Enter" && (e.ctrlKey || e.metaKey)) {
      const form = typing?.form;
      if (form) form.requestSubmit($("button[value=save]", form) || $("button.pri", form)); // saving never issues
      return;
    }
    if (typing || e.ctrlKey || e.metaKey || e.altKey || e.key === "Shift") return;
    if (e.key === "Enter" && e.target.closest("a, button, summary")) return;
    const key = first + e.key;
    first = e.key === "g" && !first ? "g " : "";
    if (first) {
      setTimeout(() => (first = ""), 1500);
      return;
    }
    const link = $$("[data-key]").find((el) => el.dataset.key === key);
    const act = link ? () => press(link) : acts[key];
    const row = $(".queue > li.on") || e.target.closest(".queue > li");
    if (!act || (key === "Enter" && !row)) return;
    e.preventDefault();
    act(row);
  });
})();

/* Makes the page of pyramid_scales alive. Without it the page is complete; nothing here draws a figure. */
(() => {
  "use strict";

  const REMEMBERED = "pyramid_scales.refresh";
  const PARTS = ["facts", "notices", "overview", "routes", "route", "workers", "remarks", "leaf", "tree", "values", "untimed"];
  const GIVE_UP = 10000;
  const LONGEST_WAIT = 30000;
  const $ = (id) => document.getElementById(id);

  // ---- putting what the server sent in place of what stands there, node by node ----

  let changed = [];

  function mark(element) {
    // Figures of requests change all the time; to mark those would tell nothing.
    if (element && element.closest("#tree, #leaf, .counts")) {
      element.classList.add("changed");
      changed.push(element);
    }
  }

  function unmark() {
    for (const element of changed) element.classList.remove("changed");
    changed = [];
  }

  function setText(node, text) {
    if (node.data === text) return;
    const visible = node.data.trim() !== text.trim();
    node.data = text;
    if (visible) mark(node.parentElement);
  }

  function keyOf(node) {
    if (node.nodeType !== Node.ELEMENT_NODE) return null;
    if (node.id || node.dataset.k) return node.id || node.dataset.k;
    if (node.localName !== "li" && node.className !== "level" && node.className !== "closed") return null;
    const link = node.querySelector("a");
    return link && link.getAttribute("href");
  }

  function patchAttributes(old, fresh) {
    // What the reader has opened or filtered stays so.
    const kept = ["open", "hidden"];
    for (const { name, value } of fresh.attributes) {
      if (!kept.includes(name) && old.getAttribute(name) !== value) old.setAttribute(name, value);
    }
    for (const { name } of [...old.attributes]) {
      if (!kept.includes(name) && !fresh.hasAttribute(name)) old.removeAttribute(name);
    }
  }

  function patch(old, fresh) {
    if (old.nodeType !== Node.ELEMENT_NODE) {
      setText(old, fresh.data);
      return;
    }
    if (old.isEqualNode(fresh)) return;
    patchAttributes(old, fresh);
    const settled = old.localName === "tbody" && old.matches(":hover, :focus-within");
    const mates = new Map();
    for (const child of old.childNodes) {
      const key = keyOf(child);
      if (key !== null) mates.set(key, child);
    }
    let at = old.firstChild;
    for (const child of [...fresh.childNodes]) {
      const key = keyOf(child);
      let mate = key !== null ? mates.get(key) : at;
      if (mate && (mate.nodeName !== child.nodeName || (key === null && keyOf(mate) !== null))) mate = null;
      if (!mate) {
        old.insertBefore(document.importNode(child, true), at);
        continue;
      }
      if (key !== null) mates.delete(key);
      if (mate === at) at = at.nextSibling;
      else if (!settled) old.insertBefore(mate, at);
      patch(mate, child);
    }
    if (settled) for (const gone of mates.values()) gone.remove();
    else while (at) { const next = at.nextSibling; at.remove(); at = next; }
  }

  function patchValues(tree, text) {
    const pieces = text.split("\x1f").map(told);
    const rows = tree.querySelectorAll("summary > .digest, li");
    let next = 0;
    for (const row of rows) {
      if (row.localName !== "li") {
        setFirst(row, pieces[next++][0]);
        continue;
      }
      const shown = row.firstElementChild.lastElementChild;
      const [exact, unit] = pieces[next++];
      setFirst(shown, exact);
      patchHuman(row, unit === undefined ? human(shown.className.split(" ", 1)[0], exact) : unit);
    }
  }

  // A text, or with it what people read; numbers stay as they were written.
  function told(piece) {
    if (piece[0] === "{") return Object.entries(JSON.parse(piece))[0];
    return [piece[0] === '"' ? JSON.parse(piece) : piece];
  }

  const grouped = (text) => text.replace(/\B(?<!\.\d*)(?=(\d{3})+(?!\d))/g, ",");

  // The same as units.number() and values.human() of the server: it sends exact texts alone.
  function human(type, text) {
    if (type === "int") return text.length > 4 && /^-?\d+$/.test(text) ? grouped(text) : "";
    if (type !== "float" || text.length <= 7) return "";
    const value = Number(text), size = Math.abs(value);
    if (!isFinite(value)) return text;
    if (size >= 1e15 || (size > 0 && size < 1e-4)) {
      return rounded(value, 3, "toExponential", 3).replace(/e([+-])(\d)$/, "e$10$2");
    }
    if (size < 1000) return String(Number(rounded(value, 4, "toPrecision", 3)));
    const digits = size >= 1e5 ? 0 : 1;
    return grouped(rounded(value, digits, "toFixed", digits));
  }

  // Exactly in the middle the server rounds to the even digit, and browsers as they like: a hair less is rounded
  // down, a hair more up.
  function rounded(value, digits, method, places) {
    const [less, text, more] = [1 - Number.EPSILON, 1, 1 + Number.EPSILON].map((by) => (value * by)[method](digits));
    if (less === more || !isTie(value, method, places)) return text;
    return /^[^e]*[13579](e|$)/.test(less) ? more : less;
  }

  // Whether all that is cut off behind so many places is a 5, in the number's exact digits.
  function isTie(value, method, places) {
    const exact = method === "toFixed" ? value.toFixed(60) : value.toExponential(60);
    return /^50*$/.test(exact.split(/[.e]/)[1].slice(places));
  }

  function patchHuman(row, text) {
    let human = row.children[1];
    if (!human && text) {
      human = document.createElement("span");
      human.className = "also";
      row.append(" ", human);
      row.classList.add("two");
    } else if (human && !text) {
      human.remove();
      row.classList.remove("two");
    }
    if (text) setFirst(human, text);
  }

  function setFirst(element, text) {
    if (!element.firstChild) element.append("");
    setText(element.firstChild, text);
  }

  function place(fresh) {
    const focused = document.activeElement;
    unmark();
    for (const id of PARTS) {
      const part = fresh.getElementById(id), here = $(id);
      if (id === "values") {
        if (part && $("tree")) patchValues($("tree"), part.textContent);
      } else if (part && here) {
        patch(here, part);
      } else if (part || (here && id !== "tree")) {
        location.reload();
        return;
      }
    }
    if (fresh.getElementById("tree") && filtering()) filter();
    if (focused !== document.activeElement && focused.isConnected) focused.focus({ preventScroll: true });
  }

  // ---- asking the server now and then ----

  const form = $("live"), chosen = $("refresh"), state = $("state"), announce = $("announce");
  let timer = 0, request = null, failures = 0, paused = false, seen = Date.now();
  let button;

  function address(extra) {
    const url = new URL(location.href);
    url.hash = "";
    for (const [name, value] of Object.entries(extra)) url.searchParams.set(name, value);
    return url;
  }

  function seconds() { return Number(chosen.value); }

  function say(text, how, aloud) {
    if (state.textContent !== text) state.textContent = text;
    state.className = "state " + how;
    if (aloud !== undefined && announce.textContent !== aloud) announce.textContent = aloud;
  }

  function show() {
    button.hidden = !seconds();
    if (failures) return;
    if (paused) say("paused", "");
    else if (!seconds()) say("not refreshed", "");
    else say("live", "on");
  }

  function plan(wait) {
    clearTimeout(timer);
    if (seconds() && !paused && !document.hidden) timer = setTimeout(ask, wait);
  }

  function ask() {
    clearTimeout(timer);
    if (request) return;
    const tree = $("tree");
    request = new XMLHttpRequest();
    request.open("GET", address({ fragment: (tree && tree.dataset.shape) || "1" }));
    request.setRequestHeader("Accept", "text/html");
    // A document, not text: nothing is parsed into this page, so nothing of it can run.
    request.responseType = "document";
    request.timeout = GIVE_UP;
    request.onload = answered;
    request.onerror = request.ontimeout = () => failed("The application can't be reached");
    request.send();
  }

  function answered() {
    const { status, response } = request;
    if (status !== 200 || !response || !response.getElementById("main")) {
      failed("The application answers " + status);
      return;
    }
    request = null;
    if (failures) announce.textContent = "The application can be reached again.";
    failures = 0;
    seen = Date.now();
    place(response);
    document.documentElement.dataset.refreshed = Number(document.documentElement.dataset.refreshed || 0) + 1;
    show();
    plan(seconds() * 1000);
  }

  function failed(why) {
    request = null;
    failures += 1;
    const since = new Date(seen).toLocaleTimeString();
    say(why + "; figures of " + since, "off", why + ".");
    plan(Math.min(1000 * 2 ** Math.min(failures, 8), LONGEST_WAIT, Math.max(seconds() * 1000, 2000)));
  }

  function pause(stop) {
    paused = stop;
    button.setAttribute("aria-pressed", String(paused));
    announce.textContent = paused ? "Refreshing is paused." : "Refreshing again.";
    if (paused) clearTimeout(timer);
    else ask();
    show();
  }

  function remember() {
    try { localStorage.setItem(REMEMBERED, chosen.value); } catch { /* Not allowed here: the address keeps it. */ }
    history.replaceState(null, "", address({ refresh: chosen.value }));
  }

  function recall() {
    if (new URL(location.href).searchParams.has("refresh")) return;
    let found = null;
    try { found = localStorage.getItem(REMEMBERED); } catch { /* As above. */ }
    const known = [...chosen.options].some((option) => option.value === found);
    chosen.value = known ? found : "5";
  }

  function startLive() {
    recall();
    form.querySelector("button").remove();
    button = document.createElement("button");
    button.type = "button";
    button.textContent = "Pause";
    button.setAttribute("aria-pressed", "false");
    button.addEventListener("click", () => pause(!paused));
    chosen.after(button);
    form.addEventListener("submit", (event) => event.preventDefault());
    chosen.addEventListener("change", () => { remember(); failures = 0; show(); plan(0); });
    document.addEventListener("visibilitychange", () => (document.hidden ? clearTimeout(timer) : plan(0)));
    window.addEventListener("online", () => plan(0));
    show();
    plan(seconds() * 1000);
  }

  // ---- sorting the routes without asking the server ----

  function compare(first, second) {
    const numbers = first !== "" && second !== "" && !isNaN(first) && !isNaN(second);
    return numbers ? first - second : first < second ? -1 : first > second ? 1 : 0;
  }

  function sortBy(table, head) {
    const link = head.querySelector("a");
    const falling = head.hasAttribute("aria-sort")
      ? head.getAttribute("aria-sort") === "ascending" : !link.hasAttribute("data-rising");
    const column = [...head.parentElement.children].indexOf(head);
    const body = table.tBodies[0];
    const valueOf = (row) => row.children[column].dataset.v;
    const rows = [...body.rows].sort((one, other) => {
      const a = valueOf(one), b = valueOf(other);
      if (a === "" || b === "") return (a === "") - (b === "");
      return falling ? compare(b, a) : compare(a, b);
    });
    body.append(...rows);
    for (const other of head.parentElement.children) other.removeAttribute("aria-sort");
    head.setAttribute("aria-sort", falling ? "descending" : "ascending");
    const extra = { sort: head.dataset.k, order: falling ? "desc" : "asc" };
    history.replaceState(null, "", address(extra));
    // An answer under way is sorted as it was asked.
    if (request) { request.abort(); request = null; plan(seconds() * 1000); }
    const next = new URL(link.href);
    next.searchParams.set("order", falling ? "asc" : "desc");
    link.href = next.pathname + next.search;
  }

  document.addEventListener("click", (event) => {
    const link = event.target.closest("table.sortable th[data-k] a");
    if (!link || event.ctrlKey || event.metaKey || event.shiftKey || event.button) return;
    event.preventDefault();
    sortBy(link.closest("table"), link.closest("th"));
    link.focus();
  });

  // ---- filtering the tree as one types ----

  const query = $("query");
  const opened = new Set();

  function filtering() {
    // What the server has to answer (comparisons, globs) waits for Enter.
    return query && query.value !== query.defaultValue && !/[<>=*?[]/.test(query.value);
  }

  function restore(tree) {
    for (const element of tree.querySelectorAll("[hidden]")) element.hidden = false;
    for (const details of opened) details.open = false;
    opened.clear();
  }

  function keep(element, wanted) {
    const name = element.querySelector(".key, b, a").textContent.toLowerCase();
    return name.includes(wanted);
  }

  function filterLevel(level, wanted, all) {
    let found = false;
    for (const child of level.children) {
      if (child.localName === "ul") {
        for (const row of child.children) {
          row.hidden = !(all || keep(row, wanted));
          found = found || !row.hidden;
        }
      } else if (child.className === "level") {
        const details = child.lastElementChild;
        const named = all || keep(details.firstElementChild, wanted);
        const inside = filterLevel(details.lastElementChild, wanted, named);
        child.hidden = !(named || inside);
        if (inside && !named && !details.open) { details.open = true; opened.add(details); }
        found = found || !child.hidden;
      } else if (child.localName === "p") {
        child.hidden = !(all || keep(child, wanted));
        found = found || !child.hidden;
      }
    }
    return found;
  }

  function filter() {
    const tree = $("tree"), top = tree && tree.querySelector(".top");
    if (!top) return;
    const wanted = filtering() ? query.value.trim().toLowerCase() : "";
    restore(tree);
    if (!wanted) { announce.textContent = ""; return; }
    const found = filterLevel(top, wanted, false);
    const said = found ? "" : "No name contains " + query.value.trim() + ". Press Enter to search with comparisons and globs.";
    if (announce.textContent !== said) announce.textContent = said;
  }

  if (query) {
    let soon = 0;
    query.addEventListener("input", () => { clearTimeout(soon); soon = setTimeout(filter, 80); });
    query.addEventListener("keydown", (event) => {
      if (event.key !== "Escape") return;
      query.value = query.defaultValue;
      filter();
    });
  }

  if (form) startLive();
})();

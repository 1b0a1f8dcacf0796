// What a person could use on this page, each thing marked with a number to find it again.
() => {
  let last = 0;
  const shown = (element) => {
    const box = element.getBoundingClientRect();
    return box.width > 0 && box.height > 0 && getComputedStyle(element).visibility !== "hidden";
  };
  const mark = (element) => {
    element.setAttribute("data-understudy", ++last);
    return last;
  };
  const clean = (text) => (text || "").replace(/\s+/g, " ").trim().slice(0, 200);
  const icon = (element) => clean([...element.querySelectorAll("i, svg, img")]
    .map((each) => `${each.getAttribute("class") || ""} ${each.getAttribute("alt") || ""}`).join(" "));
  const nameOf = (element) => clean(element.getAttribute("aria-label")) || clean(element.innerText)
    || clean(element.value) || clean(element.title) || icon(element);
  const around = (element) => {
    const row = element.closest("li, tr, article, dialog, [role=row], [role=listitem], [role=dialog]");
    return row ? clean(row.innerText) + fieldTexts(row) : "";
  };
  const fieldTexts = (element) =>
    [...element.querySelectorAll("input, textarea")].map((each) => ` ${each.value}`).join("");
  const labelOf = (field) => clean([...(field.labels || [])].map((each) => each.innerText).join(" "))
    || clean(field.getAttribute("aria-label")) || clean(field.placeholder);

  const fieldOf = (field) => ({
    mark: mark(field),
    tag: field.tagName.toLowerCase(),
    type: field.type || "text",
    name: field.name || field.id || "",
    label: labelOf(field),
    required: field.required,
    value: field.type === "checkbox" ? "" : field.value || "",
    min: field.min || "", max: field.max || "", pattern: field.pattern || "",
    shortest: Math.max(field.minLength || 0, 0),
    longest: field.maxLength > 0 ? field.maxLength : 0,
    options: field.options ? [...field.options].map((each) => each.value).filter(Boolean) : [],
  });
  const buttonOf = (button) => ({
    mark: mark(button), name: nameOf(button), around: around(button),
    type: button.type || "", disabled: Boolean(button.disabled),
  });

  for (const each of document.querySelectorAll("[data-understudy]")) {
    each.removeAttribute("data-understudy");
  }
  const modal = [...document.querySelectorAll("dialog[open], [role=dialog]")].filter(shown).pop();
  const root = modal || document.body;
  const all = (selector) => [...root.querySelectorAll(selector)].filter(shown);
  const FIELDS = "input:not([type=hidden]):not([type=submit]):not([type=button]), textarea, select";
  const BUTTONS = "button, input[type=submit], input[type=button], [role=button], [role=tab], " +
    "[role=menuitem], a:not([href]), a[href='#'], a[href=''], summary";
  const groups = new Map();
  for (const field of all(FIELDS)) {
    if (field.disabled || field.readOnly) continue;
    const owner = field.form || field.closest("dialog, [role=dialog], li, section, main") || root;
    groups.set(owner, [...(groups.get(owner) || []), field]);
  }
  const inForms = new Set();
  const forms = [...groups].map(([owner, fields]) => {
    const buttons = [...owner.querySelectorAll(BUTTONS)].filter(shown);
    const isForm = owner.tagName === "FORM";
    const own = isForm ? buttons.filter((each) => each.type === "submit") : buttons;
    if (isForm) own.forEach((each) => inForms.add(each));
    return { fields: fields.map(fieldOf), buttons: own.map(buttonOf), around: around(owner) };
  });
  return {
    url: location.href,
    heading: clean([document.title, ...all("h1, h2").map((each) => each.innerText)].join(" ")),
    links: all("a[href]").map((each) => ({ href: each.href, name: nameOf(each) }))
      .filter((each) => /^https?:/.test(each.href)),
    forms,
    buttons: all(BUTTONS).filter((each) => !inForms.has(each)).map(buttonOf),
  };
}

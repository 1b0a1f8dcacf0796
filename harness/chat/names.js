(element) => {
  const pressable =
    "a, button, input, label, summary, option, [onclick], [role=button], [role=link]," +
    "[role^=menuitem], [role=tab], [role=option], [role=switch], [role=checkbox], [role=radio]";
  const first = element.closest(pressable);
  const button = (first && first.control) || first;
  const referred = (one) =>
    (one.getAttribute("aria-labelledby") || "")
      .split(/\s+/)
      .map((id) => (id ? document.getElementById(id)?.innerText : ""))
      .join(" ");
  const words = (one) =>
    [
      one.innerText,
      one.getAttribute("aria-label"),
      referred(one),
      one.title,
      one.matches("input[type=submit], input[type=button], button") ? one.value : "",
      one.id.replace(/[-_]/g, " "),
      (one.getAttribute("name") || "").replace(/[-_]/g, " "),
      ...[...one.querySelectorAll("img[alt], [aria-label], svg title")].map(
        (each) => each.getAttribute("alt") || each.getAttribute("aria-label") || each.textContent,
      ),
    ]
      .filter(Boolean)
      .map((text) => String(text).slice(0, 300));
  const submits = (form) =>
    [...form.elements].filter((each) => each.matches("button:not([type=button]), [type=submit], [type=image]"));
  const pressed = button
    ? [button, ...(first === button ? [] : [first])]
    : [element, ...element.querySelectorAll(pressable)];
  const dialog = element.closest("dialog, [role=dialog], [role=alertdialog]");
  const target = button && button.closest("a[href]");
  return {
    names: pressed.flatMap(words),
    submits: element.form ? submits(element.form).flatMap(words) : [],
    dialog: dialog ? dialog.innerText.slice(0, 1000) : "",
    frame: element.ownerDocument.location.href,
    href: target ? target.href : "",
    secret: element.matches("input[type=password]"),
  };
}

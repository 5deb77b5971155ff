// What a page shows and where: for `looks.py`, which says what is wrong with it.
() => {
  document.querySelectorAll("details").forEach((each) => { each.open = true; });
  const wide = innerWidth, found = {};
  const shown = (each) => each.checkVisibility({visibilityProperty: true}) && !each.closest(".visually-hidden, .skip")
    && each.getBoundingClientRect().width > 0;
  const name = (each) => each.outerHTML.replace(/\s+/g, " ").slice(0, 110);
  const all = (selector) => [...document.querySelectorAll(selector)].filter(shown);
  const outside = (each) => {
    const box = each.getBoundingClientRect();
    return box.left < -.5 || box.right > wide + .5;
  };
  const covered = (each) => {
    each.scrollIntoView({block: "center", behavior: "instant"});
    const box = each.getBoundingClientRect();
    const top = document.elementFromPoint(box.left + box.width / 2, box.top + box.height / 2);
    return !(top && (each.contains(top) || top.contains(each)));
  };
  found.h1 = all("h1").length;
  found.lang = document.documentElement.lang;
  found.title = document.title;
  found.theme = document.documentElement.dataset.bsTheme;
  found.scrolls = document.documentElement.scrollWidth - document.documentElement.clientWidth;
  found.beyond = found.scrolls > 0 ? all("main *").filter(outside).slice(0, 3).map(name) : [];
  const main = all("main .main-action");
  found.main = main.length;
  const acting = [...main, ...all("main form .btn-primary"), ...all("tbody .act .btn"), ...all("tbody .title a")];
  found.outside = acting.filter(outside).map(name);
  found.covered = main.filter(covered).map(name);
  const titles = all("tbody .title");
  found.titles = titles.length;
  found.thin = titles.filter((each) => each.getBoundingClientRect().width < wide * .4).map(name);
  found.small = all("button, .btn, [role=button], summary, nav a, .bar a, select, textarea, input")
    .filter((each) => !["checkbox", "radio"].includes(each.type))
    .filter((each) => each.getBoundingClientRect().height < 43.5)
    .map((each) => `${Math.round(each.getBoundingClientRect().height)} px: ${name(each)}`);
  const mark = document.querySelector(".bjs-powered-by");
  found.watermark = !!mark && shown(mark) && mark.getBoundingClientRect().height > 10 && !outside(mark)
    && !covered(mark);
  const said = [];
  const walk = document.createTreeWalker(document.documentElement, NodeFilter.SHOW_TEXT);
  while (walk.nextNode()) {
    const silent = walk.currentNode.parentElement.closest(
      "script, style, code, pre, output, svg, textarea, [lang]:not(html)");
    if (!silent && walk.currentNode.data.trim()) said.push(walk.currentNode.data.trim());
  }
  for (const kind of ["aria-label", "placeholder", "title", "alt", "data-label", "data-live-note"]) {
    for (const each of all(`[${kind}]`)) said.push(each.getAttribute(kind));
  }
  found.said = said;
  return found;
}

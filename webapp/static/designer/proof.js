// The proof: what each rule says of the drawing, and every counter-example as a course that is played on the diagram.
import { button, h, redraw, t } from "./dom.js";

/** The proof in `place`; `run` asks for it, `play` shows frames with a sentence, `open` shows an element. */
export const makeProof = (place, run, play, open) => {
  let answer = null;
  let isAsking = false;

  const rule = (each) => h("tr", {},
    h("th", { scope: "row", class: "title" }, h("span", {}, each.text)),
    h("td", { "data-label": t("verdict") }, h("span", { class: `severity severity-${each.verdict === "refused" ? "error" : each.verdict === "warned" ? "warning" : "info"}` }, each.verdict_text)));

  const finding = (each) => h("li", { class: `severity-${each.severity}` },
    each.text, " ", each.element ? button(t("show_element"), () => open(each.element), { "aria-label": `${t("show_element")}: ${each.text}` }) : null);

  const course = (each) => h("li", {}, each.said, " ",
    button(t("show_path"), () => play(each.frames, each.said), { "data-key": `path-${each.rule}`, "aria-label": `${t("show_path")}: ${each.said}` }));

  const draw = () => redraw(place,
    h("div", { class: "editor-bar" }, button(isAsking ? t("proving") : t("prove"), ask, { class: "btn", "data-key": "prove", disabled: isAsking })),
    answer ? [
      h("p", { class: answer.proved ? "done" : "said", role: "status" }, answer.said),
      answer.rules.length ? h("table", { class: "table cards" }, h("thead", {}, h("tr", {}, h("th", { scope: "col" }, t("rule")), h("th", { scope: "col" }, t("verdict")))), h("tbody", {}, ...answer.rules.map(rule))) : null,
      answer.findings?.length ? h("ul", { class: "panel-findings" }, ...answer.findings.map(finding)) : null,
      answer.counter_examples.length ? [h("h3", {}, t("counter_examples")), h("ul", {}, ...answer.counter_examples.map(course))] : null,
    ].flat() : h("p", { class: "quiet" }, t("prove_hint")));

  async function ask() {
    isAsking = true;
    draw();
    try { answer = await run(); } catch { answer = { proved: false, said: t("not_proved_now"), rules: [], counter_examples: [] }; }
    isAsking = false;
    draw();
  }

  draw();
  return { forget: () => { if (answer) { answer = null; draw(); } } };
};

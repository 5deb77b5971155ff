// A DMN file as a document: its tables are edited in place, and whatever else stands in it stays as it was.
const DMN = "https://www.omg.org/spec/DMN/20191111/MODEL/";
export const POLICIES = ["UNIQUE", "ANY", "FIRST", "PRIORITY", "COLLECT", "RULE ORDER", "OUTPUT ORDER"];
export const AGGREGATIONS = ["SUM", "COUNT", "MIN", "MAX"];
export const TYPES = ["string", "number", "boolean", "date", "dayTimeDuration"];

const escape = (text) => text.replace(/[&<>"]/g, (sign) => ({ "&": "&amp;", "<": "&lt;", ">": "&gt;", '"': "&quot;" })[sign]);

/** A file with one table of one input, one output and one rule. */
export const newFile = (id, name, labels) => `<?xml version="1.0" encoding="UTF-8"?>
<definitions xmlns="${DMN}" id="definitions_${id}" name="${escape(name)}" namespace="urn:cityloop:drawn">
  <decision id="${id}" name="${escape(name)}">
    <decisionTable id="${id}_table" hitPolicy="UNIQUE">
      <input id="${id}_i1" label="${escape(labels.input)}"><inputExpression id="${id}_i1x" typeRef="string"><text></text></inputExpression></input>
      <output id="${id}_o1" label="${escape(labels.output)}" name="result" typeRef="string"/>
      <rule id="${id}_r1"><inputEntry id="${id}_r1i1"><text></text></inputEntry><outputEntry id="${id}_r1o1"><text></text></outputEntry></rule>
    </decisionTable>
  </decision>
</definitions>
`;

/** The document of a text; null where it cannot be read. */
export const parse = (text) => {
  const document_ = new DOMParser().parseFromString(text, "application/xml");
  const isBroken = document_.getElementsByTagName("parsererror").length > 0 || document_.documentElement.localName !== "definitions";
  return isBroken ? null : document_;
};

/** The text of a document. */
export const textOf = (document_) => {
  const text = new XMLSerializer().serializeToString(document_);
  return text.startsWith("<?xml") ? text : `<?xml version="1.0" encoding="UTF-8"?>\n${text}`;
};

const children = (element, ...names) => [...element.children].filter((child) => names.includes(child.localName));
const first = (element, name) => children(element, name)[0] ?? null;

/** Every decision of a document: its element and its table, null for other logic. */
export const decisionsOf = (document_) => children(document_.documentElement, "decision").map((element) => ({ element, table: first(element, "decisionTable") }));

const make = (parent, name, id) => {
  const made = parent.ownerDocument.createElementNS(parent.namespaceURI, name);
  if (id) made.setAttribute("id", id);
  return made;
};

/** The text inside an element's `text`. */
export const said = (element) => (element && first(element, "text")?.textContent) ?? "";
export const say = (element, text) => {
  let holder = first(element, "text");
  if (!holder) { holder = make(element, "text"); element.append(holder); }
  holder.textContent = text;
};

/** Inputs, outputs and rules of a table, as elements. */
export const partsOf = (table) => ({ inputs: children(table, "input"), outputs: children(table, "output"), rules: children(table, "rule") });
export const cellsOf = (rule) => ({ tests: children(rule, "inputEntry"), answers: children(rule, "outputEntry") });
export const expressionOf = (input) => first(input, "inputExpression");

const fresh = (table, stem) => {
  const known = new Set([...table.ownerDocument.querySelectorAll("[id]")].map((each) => each.id));
  const base = `${table.getAttribute("id") || "table"}_${stem}`;
  for (let n = 1; ; n += 1) if (!known.has(`${base}${n}`)) return `${base}${n}`;
};

const entry = (rule, kind, table) => {
  const made = make(rule, kind, fresh(table, kind === "inputEntry" ? "t" : "a"));
  made.append(make(made, "text"));
  return made;
};

/** Give every cell and column an id, so that a finding can name it. */
export const nameCells = (table) => {
  for (const each of table.querySelectorAll("*")) {
    if (["input", "output", "rule", "inputEntry", "outputEntry", "inputExpression"].includes(each.localName) && !each.getAttribute("id")) each.setAttribute("id", fresh(table, "c"));
  }
};

export const addInput = (table) => {
  const { inputs, rules } = partsOf(table);
  const made = make(table, "input", fresh(table, "i"));
  const holder = make(made, "inputExpression", fresh(table, "x"));
  holder.setAttribute("typeRef", "string");
  holder.append(make(holder, "text"));
  made.append(holder);
  (inputs.at(-1) ? inputs.at(-1).after(made) : table.prepend(made));
  for (const rule of rules) {
    const cell = entry(rule, "inputEntry", table);
    const { tests } = cellsOf(rule);
    (tests.at(-1) ? tests.at(-1).after(cell) : rule.prepend(cell));
  }
};

export const addOutput = (table) => {
  const { inputs, outputs, rules } = partsOf(table);
  const made = make(table, "output", fresh(table, "o"));
  made.setAttribute("name", `result_${outputs.length + 1}`);
  made.setAttribute("typeRef", "string");
  (outputs.at(-1) ?? inputs.at(-1)).after(made);
  for (const rule of rules) {
    const { tests, answers } = cellsOf(rule);
    (answers.at(-1) ?? tests.at(-1)).after(entry(rule, "outputEntry", table));
  }
};

/** Take a column away with all its cells; the last of its kind stays. */
export const removeColumn = (table, kind, place) => {
  const { inputs, outputs, rules } = partsOf(table);
  const columns = kind === "input" ? inputs : outputs;
  if (columns.length < 2) return;
  columns[place].remove();
  for (const rule of rules) cellsOf(rule)[kind === "input" ? "tests" : "answers"][place]?.remove();
};

/** A rule behind the rule at `place`, with the cells of `like` where one is to be copied. */
export const addRule = (table, place, like = null) => {
  const { inputs, outputs, rules } = partsOf(table);
  const made = make(table, "rule", fresh(table, "r"));
  (rules[place] ?? rules.at(-1) ?? outputs.at(-1)).after(made);
  for (const each of inputs) made.append(entry(made, "inputEntry", table)), each;
  for (const each of outputs) made.append(entry(made, "outputEntry", table)), each;
  if (!like) return;
  const from = [...cellsOf(like).tests, ...cellsOf(like).answers];
  [...cellsOf(made).tests, ...cellsOf(made).answers].forEach((cell, n) => say(cell, said(from[n])));
};

export const moveRule = (table, place, by) => {
  const { rules } = partsOf(table);
  const other = rules[place + by];
  if (other) (by < 0 ? other.before(rules[place]) : other.after(rules[place]));
};

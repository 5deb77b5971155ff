// Tabs of the designer's page, by mouse and by arrow keys. Without scripts every part stands below the other.
const tabs = [...document.querySelectorAll('[role="tab"]')];

/** Show the part of a tab. */
export const openTab = (name) => {
  for (const tab of tabs) {
    const chosen = tab.dataset.tab === name;
    tab.setAttribute("aria-selected", String(chosen));
    tab.tabIndex = chosen ? 0 : -1;
    document.getElementById(tab.getAttribute("aria-controls")).hidden = !chosen;
  }
  dispatchEvent(new Event("resize"));
};

for (const tab of tabs) {
  tab.addEventListener("click", () => openTab(tab.dataset.tab));
  tab.addEventListener("keydown", (event) => {
    const step = { ArrowRight: 1, ArrowLeft: -1 }[event.key];
    if (!step) return;
    event.preventDefault();
    const next = tabs[(tabs.indexOf(tab) + step + tabs.length) % tabs.length];
    openTab(next.dataset.tab);
    next.focus();
  });
}
if (tabs.length) openTab(tabs[0].dataset.tab);

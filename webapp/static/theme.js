// Sets the theme before the first paint: the one chosen here, else the one of the system.
(() => {
  const chosen = localStorage.getItem("cityloop-theme");
  const dark = window.matchMedia("(prefers-color-scheme: dark)").matches;
  document.documentElement.dataset.bsTheme = chosen || (dark ? "dark" : "light");
})();

"""How the page looks: one sheet, no fonts to fetch, fit for paper and for narrow screens."""

CSS = """
:root { --ink: #1c1d1f; --soft: #5c6066; --line: #dcdfe3; --tint: #f5f6f8; --mark: #0b5cad;
  --bad: #a3330b; color-scheme: light; }
* { box-sizing: border-box; }
html { scroll-behavior: smooth; -webkit-text-size-adjust: 100%; }
body { margin: 0 auto; padding: 2.5rem 1.25rem 5rem; max-width: 68rem; color: var(--ink);
  background: #fff; font: 16px/1.55 system-ui, -apple-system, "Segoe UI", Roboto, "Noto Sans",
  "DejaVu Sans", sans-serif; overflow-wrap: break-word; }
h1 { margin: 0; font-size: .95rem; font-weight: 600; color: var(--soft); }
h2 { margin: 0 0 .6rem; font-size: 1.3rem; line-height: 1.25; }
h3 { margin: 1.6rem 0 .4rem; font-size: 1.02rem; }
section { margin-top: 3rem; padding-top: .4rem; }
p, ul, dl { margin: .5rem 0; max-width: 46rem; }
ul { padding-left: 1.2rem; }
a { color: var(--mark); text-underline-offset: .15em; }
.soft { color: var(--soft); font-size: .9rem; }
.verdict { margin: .6rem 0 1.4rem; padding: 1.2rem 1.4rem; background: var(--tint);
  border-left: 5px solid var(--mark); border-radius: 0 6px 6px 0; }
.verdict h2 { font-size: 1.65rem; letter-spacing: -.01em; }
.verdict ul { margin-bottom: 0; }
nav ul { display: flex; flex-wrap: wrap; gap: .1rem 1.1rem; max-width: none; padding: 0;
  list-style: none; font-size: .92rem; }
dl { display: grid; grid-template-columns: minmax(8rem, max-content) 1fr; gap: .25rem 1.4rem; }
dt { color: var(--soft); }
dd ul { margin: 0; padding-left: 1.1rem; }
dd { margin: 0; min-width: 0; overflow-wrap: anywhere; }
code, pre { font: .86em/1.5 ui-monospace, "SF Mono", Menlo, Consolas, "DejaVu Sans Mono",
  monospace; }
pre { margin: .4rem 0; padding: .8rem 1rem; overflow-x: auto; background: var(--tint);
  border-radius: 6px; }
details { margin: .5rem 0; border-bottom: 1px solid var(--line); padding-bottom: .4rem; }
summary { cursor: pointer; font-weight: 600; }
.scroll { overflow-x: auto; margin: .8rem 0; }
.scroll:focus-visible { outline: 2px solid var(--mark); }
table { border-collapse: collapse; font-size: .86rem; font-variant-numeric: tabular-nums;
  min-width: 100%; }
caption { text-align: left; color: var(--soft); padding-bottom: .4rem; font-size: .88rem; }
th, td { padding: .38rem .7rem .38rem 0; text-align: right; vertical-align: top;
  border-bottom: 1px solid var(--line); white-space: nowrap; }
th:first-child { text-align: left; position: sticky; left: 0; background: #fff; font-weight: 600;
  max-width: 16rem; white-space: normal; overflow-wrap: anywhere; min-width: 8.5rem; }
thead th { font-weight: 600; color: var(--soft); vertical-align: bottom;
  border-bottom: 1.5px solid #9aa0a8; }
td small { display: block; color: var(--soft); font-size: .8rem; }
td.better { font-weight: 700; }
td.better small { font-weight: 400; }
td.worse { color: var(--bad); }
td.words, th.words { text-align: left; }
td .mark { font-weight: 400; }
.planned th, .planned td { background: var(--tint); }
.badge { display: inline-block; margin-left: .4rem; padding: 0 .4rem; border: 1px solid
  currentColor; border-radius: 4px; font-size: .74rem; font-weight: 500; color: var(--soft); }
.badge.bad { color: var(--bad); }
.swatch { display: inline-block; width: .7em; height: .7em; margin-right: .45em;
  border-radius: 2px; }
figure { margin: 1rem 0; }
figcaption { color: var(--soft); font-size: .9rem; max-width: 46rem; }
figure .scroll { margin: 0 0 .3rem; }
figure svg, figure img { display: block; width: 100%; height: auto; min-width: 36rem; }
@media (max-width: 40rem) { body { padding-top: 1.25rem; } dl { grid-template-columns: 1fr; }
  dd { margin-bottom: .4rem; } .verdict h2 { font-size: 1.35rem; } }
@media print { body { max-width: none; padding: 0; font-size: 10.5pt; } nav { display: none; }
  .scroll { overflow: visible; } figure, tr, .verdict { break-inside: avoid; }
  figure svg, figure img { min-width: 0; } table { font-size: 7.5pt; }
  h2, h3 { break-after: avoid; } th:first-child { position: static; } }
"""

/** One style sheet, served as a file so that the policy can forbid inline styles. Colours pass contrast AA on both themes. */
export const STYLE = `
:root{color-scheme:light dark;--fg:#17202e;--dim:#566178;--bg:#f4f6f9;--card:#fff;--line:#dfe4ec;--accent:#0b5fce;--good:#126b3d;--warn:#8a5200;--bad:#b3201a;--good-bg:#e5f4ea;--warn-bg:#fdf1dc;--bad-bg:#fde8e6;--s0:#0b5fce;--s1:#0e8a6d;--s2:#b06a00;--s3:#8a4fc7;--s4:#c23b6b;--s5:#8491a7;--radius:12px}
@media(prefers-color-scheme:dark){:root{--fg:#e7ebf2;--dim:#9aa6bd;--bg:#0f131a;--card:#171d27;--line:#293242;--accent:#7db3ff;--good:#5fd39a;--warn:#f3bb57;--bad:#ff8a80;--good-bg:#12291d;--warn-bg:#2f230d;--bad-bg:#331512;--s0:#7db3ff;--s1:#4fcfae;--s2:#f0b35a;--s3:#c39bf2;--s4:#f08bad;--s5:#78859c}}
*{box-sizing:border-box}
html{-webkit-text-size-adjust:100%}
body{margin:0;font:15px/1.55 system-ui,-apple-system,"Segoe UI",Roboto,"Noto Sans","Noto Sans CJK JP",sans-serif;color:var(--fg);background:var(--bg)}
a{color:var(--accent);text-decoration:none}a:hover,main p a:not(.button),main li a{text-decoration:underline}
:focus-visible{outline:3px solid var(--accent);outline-offset:2px;border-radius:4px}
.skip{position:absolute;left:-999px}.skip:focus{left:1rem;top:.5rem;background:var(--card);padding:.5rem 1rem;z-index:2}
header.top{display:flex;flex-wrap:wrap;align-items:center;gap:.35rem 1.25rem;padding:.8rem 1.5rem;background:var(--card);border-bottom:1px solid var(--line)}
header.top .brand{font-weight:700;font-size:1.1rem;color:var(--fg);letter-spacing:.01em}
header.top nav{display:flex;flex-wrap:wrap;gap:.35rem 1rem}
header.top .right{margin-left:auto;display:flex;flex-wrap:wrap;gap:.35rem 1rem;align-items:center;color:var(--dim);font-size:.88rem}
main{max-width:1180px;margin:0 auto;padding:1.4rem 1.5rem 4rem}
h1{font-size:1.45rem;line-height:1.25;margin:.2rem 0 .2rem}h2{font-size:1.05rem;margin:0 0 .6rem}h1 small,h2 small{font-weight:400;color:var(--dim);font-size:.95rem}
h1+section.card,h1+.facts{margin-top:1rem}.sub+.sub{margin-top:-.9rem}.sub{color:var(--dim);margin:0 0 1.2rem}
.crumbs{color:var(--dim);font-size:.88rem;margin:0}
section.card{background:var(--card);border:1px solid var(--line);border-radius:var(--radius);padding:1.05rem 1.2rem;margin:0 0 1.2rem}
section.card>h2{display:flex;flex-wrap:wrap;gap:.35rem .7rem;align-items:baseline}
section.card>h2 .right{margin-left:auto;font-weight:500;font-size:.95rem}
.facts{display:grid;grid-template-columns:repeat(auto-fit,minmax(150px,1fr));gap:.9rem;margin:0 0 1.2rem}
.fact{background:var(--card);border:1px solid var(--line);border-radius:var(--radius);padding:.75rem 1rem}
.fact b{display:block;font-size:1.5rem;line-height:1.2;font-variant-numeric:tabular-nums}.fact span{color:var(--dim);font-size:.88rem}
.scroll{overflow-x:auto}
table{width:100%;border-collapse:collapse}th{text-align:left;font-weight:600;color:var(--dim);font-size:.82rem;white-space:nowrap}
td,th{padding:.5rem .9rem .5rem 0;border-top:1px solid var(--line);vertical-align:top}thead th{border-top:0;padding-top:0}
td:last-child,th:last-child{padding-right:0}
.names{columns:auto 13rem;column-gap:1.5rem;line-height:1.9}.names a{display:block}
table.apps th:nth-child(1){width:22%}table.apps th:nth-child(2),table.apps th:nth-child(3){width:12%}table.apps th:nth-child(4){width:20%}table.apps th:nth-child(6){width:10%}details>summary{cursor:pointer;color:var(--dim);width:max-content}
.num{text-align:right;font-variant-numeric:tabular-nums;white-space:nowrap}
small,.dim{color:var(--dim)}small{font-size:.87em}
code{font:0.9em ui-monospace,SFMono-Regular,Menlo,Consolas,"Noto Sans Mono",monospace;overflow-wrap:anywhere}
.badge{display:inline-block;padding:.02rem .55rem;border-radius:1rem;font-size:.82rem;font-weight:600;white-space:nowrap;background:var(--line)}
.good{color:var(--good)}.warn{color:var(--warn)}.bad{color:var(--bad)}
.badge.good{background:var(--good-bg)}.badge.warn{background:var(--warn-bg)}.badge.bad{background:var(--bad-bg)}.badge.now{color:var(--accent)}
.note{border-radius:8px;padding:.6rem .85rem;margin:0 0 .8rem}.note.bad{background:var(--bad-bg)}.note.warn{background:var(--warn-bg)}.note.good{background:var(--good-bg)}
.note p{margin:.15rem 0}.note ul{margin:.3rem 0 0;padding-left:1.1rem}
dl.pairs{display:grid;grid-template-columns:max-content 1fr;gap:.25rem 1rem;margin:0}dl.pairs dt{color:var(--dim)}dl.pairs dd{margin:0;overflow-wrap:anywhere}
.lines>*{display:block}.nowrap{white-space:nowrap}
form.act{display:flex;flex-wrap:wrap;gap:.5rem;align-items:center;margin:.6rem 0 0}
button,.button{font:inherit;font-weight:600;padding:.38rem .9rem;border-radius:8px;border:1px solid var(--accent);background:var(--accent);color:#fff;cursor:pointer}
@media(prefers-color-scheme:dark){button,.button{color:#08131f}}
button.quiet{background:transparent;color:var(--accent)}button.danger{background:var(--bad);border-color:var(--bad)}
input,select{font:inherit;color:inherit;background:var(--bg);border:1px solid var(--line);border-radius:8px;padding:.35rem .6rem;min-width:0}
ol.timeline{list-style:none;display:flex;flex-wrap:wrap;gap:.4rem;margin:.3rem 0 .8rem;padding:0}
ol.timeline li{padding:.2rem .7rem;border-radius:1rem;border:1px solid var(--line);font-size:.88rem;color:var(--dim)}
ol.timeline li.past{color:var(--good);border-color:currentColor}ol.timeline li[aria-current]{color:var(--accent);border-color:currentColor;font-weight:700}ol.timeline li.bad{color:var(--bad);border-color:currentColor}
ol.steps{list-style:none;margin:0;padding:0}
ol.steps>li{position:relative;padding:0 0 .9rem 1.6rem;color:var(--dim)}ol.steps>li>b{color:var(--dim)}
ol.steps>li::before{content:"";position:absolute;left:.1rem;top:.32rem;width:.75rem;height:.75rem;border-radius:50%;background:var(--card);border:2px solid var(--line);z-index:1}
ol.steps>li::after{content:"";position:absolute;left:.52rem;top:1rem;bottom:-.35rem;width:2px;background:var(--line)}ol.steps>li:last-child::after{display:none}
ol.steps>li.past>b{color:var(--fg)}ol.steps>li.past::before{background:var(--good);border-color:var(--good)}
ol.steps>li.now>b{color:var(--accent)}ol.steps>li.now::before{background:var(--accent);border-color:var(--accent)}
ol.steps>li.bad>b{color:var(--bad)}ol.steps>li.bad::before{background:var(--bad);border-color:var(--bad)}
ol.steps ul{margin:.25rem 0 0;padding-left:1.1rem;color:var(--fg)}
h3{font-size:.98rem;margin:.9rem 0 .4rem}h3 small{font-weight:400}
details.fold{display:inline-block;vertical-align:top}details.fold[open]{display:block}
pre{margin:0;font:.82em/1.45 ui-monospace,SFMono-Regular,Menlo,Consolas,"Noto Sans Mono",monospace;white-space:pre-wrap;overflow-wrap:anywhere}
.done{max-width:1180px;margin:.9rem auto 0}
svg.plot{width:100%;height:auto;display:block}svg.plot text{fill:var(--dim);font-size:11px;paint-order:stroke;stroke:var(--card);stroke-width:4px;stroke-linejoin:round}svg.plot .axis{stroke:var(--line)}
svg.plot .under{fill:var(--accent);opacity:.13}svg.plot .band{fill:var(--accent);opacity:.2}svg.plot .line{fill:none;stroke:var(--accent);stroke-width:2}svg.plot .ahead{fill:none;stroke:var(--accent);stroke-width:1.5;stroke-dasharray:4 4}svg.plot .dot{fill:var(--accent)}
svg.plot line.limit{stroke:var(--bad);stroke-dasharray:6 4}svg.plot text.limit{fill:var(--bad)}
.s0{fill:var(--s0)}.s1{fill:var(--s1)}.s2{fill:var(--s2)}.s3{fill:var(--s3)}.s4{fill:var(--s4)}.s5{fill:var(--s5)}
svg.budget .rail{fill:var(--line)}svg.budget .ahead{fill:currentColor;opacity:.3;stroke:none}svg.budget .used{fill:currentColor}svg.budget line{stroke:var(--fg);stroke-width:2}svg.budget text{font-size:11px}
svg.key{display:inline-block;width:.75rem;height:.75rem}svg.share{height:.6rem;min-width:5rem}table.shares th:nth-child(1){width:34%}table.shares td:nth-child(2){width:46%;vertical-align:middle}
ul.legend{list-style:none;display:flex;flex-wrap:wrap;gap:.2rem 1.1rem;margin:.5rem 0;padding:0;font-size:.88rem;color:var(--dim)}
footer{color:var(--dim);font-size:.85rem;text-align:center;padding:0 1rem 2rem}
@media(max-width:640px){main,header.top{padding-left:1rem;padding-right:1rem}svg.plot text{font-size:20px}
table,tbody,tr{display:block}thead{position:absolute;width:1px;height:1px;overflow:hidden;clip-path:inset(50%)}tr{border-top:1px solid var(--line);padding:.5rem 0}tbody tr:first-child{border-top:0}
td,td.num,table.shares td:nth-child(2){display:flow-root;width:auto;border:0;padding:.14rem 0 .14rem 7.2rem;text-align:left;white-space:normal;overflow-wrap:anywhere}td:empty{display:none}td::before{content:attr(data-name);float:left;width:6.6rem;margin-left:-7.2rem;color:var(--dim);font-size:.82rem;font-weight:600}}
@media(prefers-reduced-motion:no-preference){.fresh{animation:fresh 1.2s ease-out}@keyframes fresh{from{background:var(--warn-bg)}}}
`;
/** Without it the pages work and are reloaded by hand. With it, what changed on the server is fetched and put in place; what the reader is doing
 *  (an open field, a word typed into one, a part unfolded, a scrolled table) is left alone. */
export const SCRIPT = `
'use strict';
(() => {
  const main = document.querySelector('main');
  const live = document.querySelector('[data-live]');
  if (!main || !live || !window.EventSource || 'still' in main.dataset) return;
  const reach = () => [...main.querySelectorAll('a,button,summary')];
  let busy = false, again = false, waits = null;
  const refresh = async () => {
    if (busy) { again = true; return; }
    const writing = main.contains(document.activeElement) && /^(INPUT|SELECT|TEXTAREA)$/.test(document.activeElement.tagName);
    const written = [...main.querySelectorAll('input')].some((one) => one.value !== one.defaultValue);
    if (writing || written) { waits ??= setTimeout(() => { waits = null; refresh(); }, 1000); return; }
    busy = true; again = false;
    try {
      const answer = await fetch(location.href, { headers: { accept: 'text/html' }, credentials: 'same-origin' });
      if (answer.ok) {
        const fresh = new DOMParser().parseFromString(await answer.text(), 'text/html').querySelector('main');
        const folds = [...main.querySelectorAll('details[id]')].map(({ id, open }) => ({ id, open }));
        const at = reach().indexOf(document.activeElement);
        const said = document.activeElement?.textContent;
        const scrolled = [...main.querySelectorAll('.scroll')].map((one) => one.scrollLeft);
        if (fresh) {
          main.replaceChildren(...fresh.childNodes);
          for (const { id, open } of folds) document.getElementById(id)?.toggleAttribute('open', open);
          const again = at < 0 ? undefined : reach()[at];
          if (again?.textContent === said) again?.focus({ preventScroll: true });
          main.querySelectorAll('.scroll').forEach((one, at) => { one.scrollLeft = scrolled[at] ?? 0; });
        }
      }
    } catch { /* the next event tries again */ }
    busy = false;
    if (again) setTimeout(refresh, 1000);
  };
  const source = new EventSource('/events');
  source.addEventListener('changed', refresh);
  source.addEventListener('open', () => { live.hidden = false; });
  source.addEventListener('error', () => { live.hidden = true; });
})();
`;

/// How report pages look: one column on a telephone, light or dark as the reader's device is.
enum PageStyle {
  /// Colours of curves are told apart by who sees few colours (Okabe and Ito), and dashes and markers differ too.
  static let css = """
    :root{--ink:#1b1f24;--soft:#5b6470;--paper:#fff;--card:#f5f6f8;--line:#dfe3e8;--c0:#0072b2;--c1:#d55e00;--c2:#009e73;--c3:#b0609a;--c4:#9a7400;--c5:#5b6470}
    @media(prefers-color-scheme:dark){:root{--ink:#e8eaed;--soft:#a0a8b2;--paper:#14171a;--card:#1e2226;--line:#333a41;--c0:#56b4e9;--c1:#ff8a4c;--c2:#35c79a;--c3:#e39ac6;--c4:#e6c34a;--c5:#a0a8b2}}
    *{box-sizing:border-box}
    body{margin:0;background:var(--paper);color:var(--ink);font:16px/1.5 system-ui,sans-serif}
    main{max-width:46rem;margin:0 auto;padding:1.5rem 1rem 4rem}
    h1{font-size:1.6rem;line-height:1.2;margin:.5rem 0}
    h2{font-size:1.15rem;margin:2.4rem 0 .3rem}
    p{margin:.4rem 0}
    .lead{color:var(--soft);font-size:1.05rem}
    .note{color:var(--soft);font-size:.85rem}
    .numbers{display:grid;grid-template-columns:repeat(auto-fit,minmax(9.5rem,1fr));gap:.7rem;margin:1.2rem 0}
    .numbers div{background:var(--card);border-radius:.6rem;padding:.8rem .9rem}
    .numbers b{display:block;font-size:1.55rem;line-height:1.2;font-weight:650}
    .numbers span{color:var(--soft);font-size:.85rem}
    figure{margin:.8rem 0 0}
    svg.plot{width:100%;height:auto;display:block}
    .grid{stroke:var(--line)}
    .tick,.axis,.named{fill:var(--soft);font:13px system-ui,sans-serif}
    .axis{fill:var(--ink)}
    .level{stroke:var(--soft);stroke-dasharray:2 4}
    .l{fill:none;stroke-width:1.6}
    .l.main{stroke-width:3}
    .m{stroke:var(--paper);stroke-width:1}
    .band{opacity:.14}
    .c0{stroke:var(--c0)}.c1{stroke:var(--c1);stroke-dasharray:7 4}.c2{stroke:var(--c2);stroke-dasharray:2 3}.c3{stroke:var(--c3);stroke-dasharray:9 3 2 3}.c4{stroke:var(--c4);stroke-dasharray:4 2}.c5{stroke:var(--c5);stroke-dasharray:1 2}
    .m.c0,.band.c0{fill:var(--c0);stroke:none}.m.c1,.band.c1{fill:var(--c1);stroke:none}.m.c2,.band.c2{fill:var(--c2);stroke:none}.m.c3,.band.c3{fill:var(--c3);stroke:none}.m.c4,.band.c4{fill:var(--c4);stroke:none}.m.c5,.band.c5{fill:var(--c5);stroke:none}
    .legend{list-style:none;display:flex;flex-wrap:wrap;gap:.2rem 1.1rem;padding:0;margin:.5rem 0;font-size:.88rem}
    .legend svg{width:34px;height:12px;margin-right:.4rem;vertical-align:middle}
    .wide{overflow-x:auto}
    table{border-collapse:collapse;width:100%;font-size:.88rem;margin:.6rem 0}
    th,td{text-align:left;padding:.3rem .6rem .3rem 0;border-bottom:1px solid var(--line);font-variant-numeric:tabular-nums;vertical-align:top}
    thead th{color:var(--soft);font-weight:500}
    .bars th{font-weight:400;white-space:nowrap;width:1%}
    .bars td:last-child{white-space:nowrap;width:1%;color:var(--soft)}
    .bar i{display:block;height:.85rem;margin-top:.25rem;border-radius:.2rem;background:var(--c0)}
    .examples{list-style:none;padding:0}
    .examples li{background:var(--card);border-radius:.6rem;padding:.7rem .9rem;margin:.6rem 0}
    blockquote{margin:0;overflow-wrap:anywhere}
    dl{display:grid;grid-template-columns:max-content 1fr;gap:.25rem 1rem;font-size:.88rem}
    dt{color:var(--soft)}dd{margin:0;overflow-wrap:anywhere}
    """
}

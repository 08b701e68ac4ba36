/// How report pages look: one column on a telephone, light or dark as the reader's device is.
enum PageStyle {
  /// Colours of curves after Okabe and Ito, darkened or lightened until they stand off the paper.
  static let css = [colours, text, plots, tables, examples, telephone].joined(separator: "\n")

  private static let colours = """
    :root{color-scheme:light dark;--ink:#1a1f26;--soft:#5a6572;--paper:#fff;--card:#f4f6f8;--line:#dde2e8;--good:#00795a;--bad:#b3401b;
    --k0:#0067a5;--k1:#c85200;--k2:#00855f;--k3:#a8508c;--k4:#8a6a00;--k5:#4a4f8f}
    @media(prefers-color-scheme:dark){:root{--ink:#e7eaee;--soft:#9ea8b4;--paper:#13161a;--card:#1d2127;--line:#323943;--good:#3ecf9f;--bad:#ff9166;
    --k0:#5ab8f0;--k1:#ff9348;--k2:#3ccb9a;--k3:#e59fcb;--k4:#e2c044;--k5:#a9aef2}}
    """

  private static let text = """
    *{box-sizing:border-box}
    body{margin:0;background:var(--paper);color:var(--ink);font:16px/1.55 system-ui,-apple-system,"Segoe UI",sans-serif;-webkit-text-size-adjust:100%}
    main{max-width:52rem;margin:0 auto;padding:2.2rem 1rem 3rem;overflow-wrap:anywhere}
    h1{font-size:clamp(1.55rem,5vw,2.1rem);line-height:1.2;letter-spacing:-.015em;margin:0 0 .5rem}
    h2{font-size:1.2rem;line-height:1.3;margin:0 0 .3rem}
    section{margin-top:2.8rem}
    p{margin:.3rem 0;max-width:44rem}
    ul{padding-left:1.2rem;margin:.4rem 0}
    .lead{color:var(--soft);font-size:1.08rem}
    .note,.soft,footer{color:var(--soft);font-size:.86rem}
    footer{margin-top:3rem;padding-top:.8rem;border-top:1px solid var(--line)}
    .numbers{display:grid;grid-template-columns:repeat(auto-fit,minmax(10.5rem,1fr));gap:.75rem;margin-top:1.5rem}
    .numbers div{background:var(--card);border-radius:.7rem;padding:.85rem 1rem .9rem}
    .numbers b{display:block;font-size:1.75rem;line-height:1.2;font-weight:650;letter-spacing:-.02em}
    .numbers span{display:block;line-height:1.35;margin-top:.1rem}
    .numbers small{display:block;color:var(--soft);font-size:.82rem;line-height:1.4;margin-top:.35rem}
    dl{margin:.4rem 0;font-size:.92rem}
    dl div{display:grid;grid-template-columns:9.5rem 1fr;gap:1rem;padding:.3rem 0;border-bottom:1px solid var(--line)}
    dt{color:var(--soft)}
    dd{margin:0}
    """

  private static let plots = """
    figure{margin:.9rem 0 0}
    svg.plot{width:100%;height:auto;display:block}
    svg.narrow{display:none}
    .axis{font-size:.86rem;margin:.6rem 0 0}
    .axis.x{text-align:right;margin:0 .9rem .4rem 2.9rem;max-width:none}
    .legend{list-style:none;display:flex;flex-wrap:wrap;gap:.15rem 1.3rem;padding:0;margin:0;font-size:.9rem}
    .legend li{display:flex;align-items:center;gap:.5rem}
    .legend svg{width:40px;height:14px;flex:none;overflow:visible}
    .grid{stroke:var(--line)}
    .foot{stroke:var(--soft)}
    .tick{fill:var(--soft);font:12.5px system-ui,-apple-system,"Segoe UI",sans-serif;font-variant-numeric:tabular-nums}
    .level{stroke:var(--ink);stroke-width:1.2;stroke-dasharray:1.5 4}
    .mark{fill:var(--paper);stroke:var(--ink);stroke-width:2}
    .whisker{stroke:var(--ink);stroke-width:1.4}
    .l{fill:none;stroke-width:1.8;stroke-linejoin:round}
    .l.main{stroke-width:3}
    .l.reference{stroke-width:1.4}
    .m{stroke:var(--paper);stroke-width:1.2}
    .band{opacity:.15}
    .k0{--own:var(--k0)}.k1{--own:var(--k1)}.k2{--own:var(--k2)}.k3{--own:var(--k3)}.k4{--own:var(--k4)}.k5{--own:var(--k5)}
    .l,.whisker.baseline,.whisker.reference{stroke:var(--own)}
    .whisker.baseline,.whisker.reference{opacity:.4}
    .m,.band{fill:var(--own)}
    .l.k1{stroke-dasharray:8 4}.l.k2{stroke-dasharray:2 3}.l.k3{stroke-dasharray:10 3 2 3}.l.k4{stroke-dasharray:5 3}.l.k5{stroke-dasharray:1 4}
    """

  private static let tables = """
    table{border-collapse:collapse;width:100%;font-size:.92rem;margin:.7rem 0;overflow-wrap:normal}
    th,td{text-align:left;padding:.32rem 0 .32rem .9rem;border-bottom:1px solid var(--line);font-variant-numeric:tabular-nums;vertical-align:top}
    th:first-child,td:first-child{padding-left:0}
    thead th{color:var(--soft);font-weight:500;vertical-align:bottom;line-height:1.25}
    .n{text-align:right}
    .bars th,.bars td{vertical-align:middle}
    .bars tbody th{font-weight:400;white-space:nowrap;width:1%}
    .bars td.n{white-space:nowrap;width:1%}
    .rows td:not(.n){overflow-wrap:anywhere}
    .bars tbody .long{white-space:normal;overflow-wrap:anywhere;width:32%;line-height:1.3}
    .bar i{display:block;height:.9rem;min-width:1px;border-radius:0 .2rem .2rem 0;background:var(--k0)}
    .spread{padding-bottom:0}
    .spread svg{width:100%;height:28px;display:block;fill:var(--k0)}
    .spread line{stroke:var(--k1);stroke-width:2;vector-effect:non-scaling-stroke}
    figure+table{margin-top:1.6rem}
    .ends{display:flex;justify-content:space-between;font-weight:400}
    """

  private static let examples = """
    .examples{list-style:none;padding:0;display:grid;grid-template-columns:repeat(auto-fit,minmax(min(100%,22rem),1fr));gap:.75rem;align-items:start;margin:.8rem 0}
    .examples li{background:var(--card);border-radius:.7rem;padding:.8rem 1rem;display:grid;gap:.5rem}
    blockquote{margin:0}
    .examples p{font-size:.9rem;display:flex;flex-wrap:wrap;justify-content:space-between;gap:.1rem 1rem;margin:0}
    .right{color:var(--good);font-weight:700}
    .wrong{color:var(--bad);font-weight:700}
    """

  private static let telephone = """
    @media(max-width:600px){
    main{padding-top:1.4rem}
    svg.wide{display:none}
    svg.narrow{display:block}
    .numbers{grid-template-columns:repeat(2,1fr);gap:.6rem}
    .numbers div{padding:.7rem .8rem}
    .numbers b{font-size:1.45rem}
    dl div{grid-template-columns:6.5rem 1fr;gap:.7rem}
    table{font-size:.86rem}
    th,td{padding-left:.55rem}
    .tight{font-size:.8rem}
    .tight th+th,.tight td+td{padding-left:.35rem}
    .roomy{display:none}
    .cards thead{display:none}
    .cards tbody,.cards tr,.cards td{display:block;width:100%}
    .cards tr{border-bottom:1px solid var(--line);padding:.4rem 0}
    .cards td{display:flex;justify-content:space-between;gap:1rem;border:0;padding:.08rem 0;text-align:right}
    .cards td::before{content:attr(data-name);color:var(--soft);text-align:left;flex:none;max-width:50%}
    .cards td:first-child{font-weight:600}
    }
    """
}

/* global uPlot, document, window, ResizeObserver, getComputedStyle */
'use strict';
(() => {
  const { timeline, charts, marks, start } = JSON.parse(
    document.getElementById('data').textContent,
  );
  const colours = [
    '#1f77d0',
    '#e6772e',
    '#2ca25f',
    '#d1495b',
    '#8a63d2',
    '#b8860b',
    '#17a2b8',
    '#c2529b',
    '#6b8e23',
    '#708090',
  ];
  const root = document.documentElement;
  const place = document.getElementById('charts');
  const css = (name) => getComputedStyle(root).getPropertyValue(name).trim();
  const hasAny = (values) => values.some((value) => value !== null && value !== 0);
  let plots = [];

  /** Draws events as vertical lines, and shades the seconds in which the load generator was saturated. */
  const annotations = {
    hooks: {
      drawClear: (plot) => {
        const { ctx, bbox } = plot;
        ctx.save();
        ctx.fillStyle = css('--warm');
        timeline.saturated.forEach((isSaturated, at) => {
          if (!isSaturated) return;
          const right = plot.valToPos(timeline.at[at], 'x', true);
          const left = plot.valToPos(timeline.at[at - 1] ?? timeline.at[at] - 1, 'x', true);
          ctx.fillRect(left, bbox.top, right - left, bbox.height);
        });
        ctx.restore();
      },
      draw: (plot) => {
        const { ctx, bbox } = plot;
        ctx.save();
        ctx.strokeStyle = css('--mark');
        ctx.fillStyle = css('--mark');
        ctx.setLineDash([4, 4]);
        ctx.font = `${11 * window.devicePixelRatio}px sans-serif`;
        let free = -Infinity;
        for (const { at, kind } of marks) {
          const x = Math.round(plot.valToPos(at, 'x', true));
          if (x < bbox.left || x > bbox.left + bbox.width) continue;
          ctx.beginPath();
          ctx.moveTo(x, bbox.top);
          ctx.lineTo(x, bbox.top + bbox.height);
          ctx.stroke();
          const width = ctx.measureText(kind).width;
          if (x < free) continue;
          const fits = x + width + 4 < bbox.left + bbox.width;
          ctx.fillText(kind, fits ? x + 3 : x - width - 3, bbox.top + 12 * window.devicePixelRatio);
          free = x + width + 10;
        }
        ctx.restore();
      },
    },
  };

  const shorten = (value) => {
    if (value === null || value === undefined) return '–';
    const size = Math.abs(value);
    if (size >= 1e9) return `${+(value / 1e9).toPrecision(3)}G`;
    if (size >= 1e6) return `${+(value / 1e6).toPrecision(3)}M`;
    if (size >= 1e4) return `${+(value / 1e3).toPrecision(3)}k`;
    return String(+value.toPrecision(4));
  };

  function chart(title, columns, unit) {
    const names = Object.keys(columns).filter((name) => hasAny(columns[name]));
    if (names.length === 0) return;
    const box = document.createElement('div');
    box.className = 'chart';
    box.dataset.title = title;
    const head = document.createElement('h3');
    head.textContent = unit === '' ? title : `${title}, ${unit}`;
    box.append(head);
    place.append(box);
    const axis = () => ({
      stroke: css('--dim'),
      grid: { stroke: css('--line'), width: 1 },
      ticks: { stroke: css('--line') },
    });
    const options = () => ({
      width: Math.max(200, box.clientWidth - 22),
      height: 220,
      cursor: { sync: { key: 'amoc' } },
      plugins: [annotations],
      scales: {
        x: {
          range: () => [Math.min(start, timeline.at[0] ?? start), timeline.at.at(-1) ?? start + 1],
        },
        y: {
          range: (_plot, least, most) => [
            Math.min(0, least ?? 0),
            Math.max(most ?? 0, 1e-6) * 1.08,
          ],
        },
      },
      axes: [axis(), { ...axis(), size: 56, values: (_plot, values) => values.map(shorten) }],
      series: [
        {},
        ...names.map((name, at) => ({
          label: name,
          stroke: colours[at % colours.length],
          width: 1.5,
          spanGaps: true,
          points: { show: columns[name].filter((value) => value !== null).length < 4, size: 6 },
          value: (_plot, value) => shorten(value),
        })),
      ],
    });
    const data = [timeline.at, ...names.map((name) => columns[name])];
    let plot;
    const draw = () => {
      plot?.destroy();
      plot = new uPlot(options(), data, box);
    };
    draw();
    plots.push(draw);
    let width = box.clientWidth;
    new ResizeObserver(() => {
      if (box.clientWidth === width) return;
      width = box.clientWidth;
      plot.setSize({ width: Math.max(200, width - 22), height: 220 });
    }).observe(box);
  }

  const pick = (object, names) =>
    Object.fromEntries(
      names.filter((name) => object[name] !== undefined).map((name) => [name, object[name]]),
    );
  const { users, rates, times, gauges, nodes } = timeline;
  chart('Users', pick(users, ['running', 'starting', 'waiting', 'leaving']), '');
  for (const { title, names } of charts.first) chart(title, pick(rates, names), 'per second');
  for (const [name, { p50, p95, p99, max, unit }] of Object.entries(times)) {
    if (name !== 'gc_pause') chart(name, { p50, p95, p99, max }, unit === 'count' ? '' : unit);
  }
  chart('Ended', pick(users, ['crashed', 'lost', 'finished', 'removed']), '');
  for (const { title, names } of charts.others) chart(title, pick(rates, names), 'per second');
  chart('Other counters', pick(rates, charts.own), 'per second');
  chart('Gauges', gauges, '');
  chart('CPU of the processes', nodes.cpu, '% of a core');
  chart('Event-loop delay of the processes', nodes.loopDelayMs, 'ms, p99');
  chart('Memory of the processes', nodes.rssMb, 'MB');
  if (place.children.length === 0) place.innerHTML = '<p class="none">Nothing was recorded.</p>';

  const redraw = () => plots.forEach((draw) => draw());
  document.getElementById('theme').addEventListener('click', () => {
    const dark =
      root.dataset.theme === undefined
        ? window.matchMedia('(prefers-color-scheme: dark)').matches
        : root.dataset.theme === 'dark';
    root.dataset.theme = dark ? 'light' : 'dark';
    redraw();
  });
  window.matchMedia('(prefers-color-scheme: dark)').addEventListener('change', redraw);
})();

// How long the main thread of a page was busy without a break, from the browser's own trace.

// Runs `body` and returns the longest task of the page's main thread during it, in milliseconds of the thread's
// own processor time. Other programs that use the processor lengthen this time only a little.
export async function longestTask(page, body) {
  const { browser } = page;
  const events = [];
  const complete = new Promise((resolve) => browser.listen((method, params) => {
    if (method === 'Tracing.dataCollected') events.push(...params.value);
    if (method === 'Tracing.tracingComplete') resolve();
  }));
  const includedCategories = ['disabled-by-default-devtools.timeline', 'blink.user_timing'];
  await browser.send('Tracing.start', {
    transferMode: 'ReportEvents', traceConfig: { includedCategories, excludedCategories: ['*'] },
  });
  // The mark distinguishes the page's thread from those of the browser's own pages.
  await page.evaluate(`performance.mark('page under test')`);
  await body();
  await browser.send('Tracing.end');
  await complete;
  const mark = events.find(({ name }) => name === 'page under test');
  const times = events
    .filter(({ name, pid, tid }) => name === 'RunTask' && pid === mark.pid && tid === mark.tid)
    .map(({ tdur = 0 }) => tdur / 1000); // the task that starts the trace has no duration
  return { count: times.length, longest: Math.max(...times) };
}

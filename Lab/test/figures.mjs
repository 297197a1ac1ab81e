// Functions for the figures of a page that every check uses.

export const figureNumbers = (page) => page.evaluate('lab.then(({ figures }) => figures.map(({ number }) => number))');

// Scrolls a figure into view and waits until it matches its controls.
export async function settled(page, number) {
  const state = await page.call(async (figure) => {
    await lab;
    const frame = document.getElementById(`figure-${figure}`);
    frame.scrollIntoView();
    const isSettled = () => ['done', 'failed'].includes(frame.dataset.state);
    await new Promise((resolve) => {
      if (isSettled()) resolve();
      new MutationObserver(() => isSettled() && resolve()).observe(frame, { attributes: true });
      setTimeout(resolve, 60000);
    });
    return frame.dataset.state;
  }, number);
  if (state !== 'done') throw new Error(`figure ${number} is ${state}`);
}

// A figure's latest request and reports, including its further report.
export const reports = (page, number) => page.call(async (figure) => {
  const { last, lastMore } = (await lab).figures.find((each) => each.number === figure);
  return [last, lastMore].filter(Boolean).map(({ request, report }) => ({ request, report }));
}, number);

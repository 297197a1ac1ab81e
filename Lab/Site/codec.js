// The page's side of the worker.

// Asks the worker for one thing after another. Of the reports that wait for one figure only the latest
// is asked for: a slider moves faster than thousands of rotations.
class Codec {
  constructor() {
    const program = new Blob([`(${codecWorker})()`], { type: 'text/javascript' });
    this.worker = new Worker(URL.createObjectURL(program));
    this.worker.onmessage = ({ data }) => this.settle(data);
    this.number = 0;
    this.open = new Map();
    this.waiting = new Map();
    this.isBusy = false;
  }

  // One task of the worker.
  call(task, argument) {
    const number = this.number++;
    const promise = new Promise((resolve, reject) => this.open.set(number, { resolve, reject }));
    this.worker.postMessage({ number, task, argument });
    return promise;
  }

  settle({ number, result, error }) {
    const { resolve, reject } = this.open.get(number);
    this.open.delete(number);
    if (error === undefined) resolve(result);
    else reject(new Error(error));
  }

  // The report of a figure, or null when a later request for the same figure took its place.
  report(request) {
    this.waiting.get(request.figure)?.resolve(null);
    this.waiting.delete(request.figure);
    return new Promise((resolve, reject) => {
      this.waiting.set(request.figure, { request, resolve, reject });
      this.next();
    });
  }

  async next() {
    if (this.isBusy || this.waiting.size === 0) return;
    const [figure, { request, resolve, reject }] = this.waiting.entries().next().value;
    this.waiting.delete(figure);
    this.isBusy = true;
    await this.call('report', request).then(resolve, reject);
    this.isBusy = false;
    this.next();
  }
}

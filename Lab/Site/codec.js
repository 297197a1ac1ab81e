// The page's side of the worker.

// Sends the worker one request at a time. Of the requests waiting for one figure only the latest is sent: a slider
// moves faster than the worker computes thousands of rotations.
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

  // The report of a figure, or null if a later request for the same figure replaced it.
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

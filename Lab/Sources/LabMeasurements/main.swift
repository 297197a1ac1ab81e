// The lab's measurements by the native library; a test compares the page with them. Reads requests
// (figure, seed, positions of the controls), one per line, and writes one JSON report per line.
import CDemoData
import TurboQuant
import TurboQuantLab

func contents(_ file: ctq_demo_file) -> UnsafeBufferPointer<UInt8> {
  unsafe UnsafeBufferPointer(start: file.bytes, count: file.count)
}

var lab = Lab()
lab.samples = unsafe Samples(
  rows: contents(ctq_demo_vectors()).span, queries: contents(ctq_demo_queries()).span)
while let line = readLine() {
  let fields = line.split(separator: " ")
  let values = fields.dropFirst(2).compactMap { Double($0) }
  guard fields.count == values.count + 2, let figure = Int(fields[0]), let seed = UInt64(fields[1])
  else {
    preconditionFailure("not a request: \(line)")
  }
  let setting = Setting(values: values, seed: seed)
  print(try lab.report(figure: figure, setting).json)
}

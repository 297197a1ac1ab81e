import Foundation
import Llama
import TurboQuantKVCache

/// Finds the metric of a setting's keys, and writes it if it helps.
func calibrate(_ words: [String]) throws {
  let arguments = try Arguments(
    words, options: ["model", "output", "text", "windows", "kind"], flags: [], positional: 1)
  guard let setting = arguments.positional.first else {
    throw UsageError("Give the setting of a cache: llama calibrate 3,center=mean --output FILE")
  }
  guard let output = arguments["output"] else {
    throw UsageError("Name the file to write with --output.")
  }
  // Before minutes of work.
  let parent = URL(filePath: output).deletingLastPathComponent().path
  guard FileManager.default.isWritableFile(atPath: parent) else {
    throw CommandError("\(output) cannot be written: its folder does not exist or is read-only.")
  }
  let kinds = try arguments["kind"].map { name in
    guard let kind = KVEqualization.Kind(rawValue: name) else {
      throw UsageError("--kind is \(name); give diagonal or matrix.")
    }
    return [kind]
  }
  // A third is held out, of which a standard error needs two.
  let wanted = try arguments.integer("windows", in: 6...1_000_000) ?? 60
  let folder = try ModelFolder.find(arguments["model"])
  let text = arguments["text"].map { URL(filePath: $0) } ?? folder.appending(path: "train.txt")
  guard arguments["text"] != nil || FileManager.default.fileExists(atPath: text.path) else {
    throw UsageError(
      "The model's folder has no train.txt; give a text with --text, not the one to be judged on.")
  }
  let model = try LlamaModel(folder: folder)
  let calibrator = try Calibrator(setting, for: model)
  let read = try TextWindows(
    text, folder: folder, model: model, wanted: wanted, named: arguments["windows"] != nil)
  let heldOut = read.windows.count / 3
  guard heldOut >= 2 else {
    throw CommandError(
      "The text has \(read.windows.count) windows of \(read.length) tokens; at least 6 are needed.")
  }
  try calibrate(
    calibrator, kinds ?? KVEqualization.Kind.allCases, read.windows.dropLast(heldOut),
    heldOut: read.windows.suffix(heldOut), output)
}

private func calibrate(
  _ calibrator: Calibrator, _ kinds: [KVEqualization.Kind], _ windows: ArraySlice<[Int]>,
  heldOut: ArraySlice<[Int]>, _ output: String
) throws {
  let calibrations = try calibrator.calibrations(kinds, from: Array(windows)) { done in
    Terminal.progress("\(done) of \(windows.count) windows for statistics")
  }
  let judgement = try calibrator.judge(calibrations, on: Array(heldOut)) { done in
    Terminal.progress("\(done) of \(heldOut.count) windows held out")
  }
  Terminal.endProgress()
  try Terminal.printLine(
    "Statistics of \(windows.count) windows; the last \(heldOut.count), held out:\n")
  try Terminal.printLine(table(judgement, kinds))
  guard let best = judgement.best else {
    throw CommandError(
      "Nothing is written: on the text held out, no metric lowers the divergence by more than two "
        + "standard errors of the difference.")
  }
  try calibrations[best].save(to: output)
  try Terminal.printLine("\nThe \(kinds[best].rawValue) is written to \(output).")
}

private func table(_ judgement: Judgement, _ kinds: [KVEqualization.Kind]) -> String {
  func digits(_ value: Double) -> String { String(format: "%.5f", value) }
  let plain = judgement.plain.divergence
  var rows = [
    ["metric", "KL", "± windows", "change", "± windows"],
    ["none", digits(plain.mean), digits(plain.standardError)],
  ]
  for (index, kind) in kinds.enumerated() {
    let (found, change) = (judgement.equalized[index].divergence, judgement.changes[index])
    rows.append([
      kind.rawValue, digits(found.mean), digits(found.standardError), digits(change.mean),
      digits(change.standardError),
    ])
  }
  return Table.aligned(rows, leftAligned: 1)
}

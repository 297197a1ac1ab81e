import Foundation
import Llama

/// Compares the predictions with each cache.
func evaluate(_ words: [String]) throws {
  let arguments = try Arguments(
    words, options: ["model", "windows", "text", "prompt"], flags: ["step-by-step", "json"],
    positional: 1000)
  let wanted = try arguments.integer("windows", in: 1...1_000_000) ?? 20
  let mode: EvaluationMode = arguments.has("step-by-step") ? .stepByStep : .wholeWindow
  let prompt = try arguments.integer("prompt", in: 1...1_000_000)
  guard mode == .stepByStep || prompt == nil else {
    throw UsageError("--prompt goes with --step-by-step: one pass reads a whole window at once.")
  }
  let folder = try ModelFolder.find(arguments["model"])
  let model = try LlamaModel(folder: folder)
  let read = try TextWindows(
    arguments["text"].map { URL(filePath: $0) } ?? folder.appending(path: "valid.txt"),
    folder: folder, model: model, wanted: wanted, named: arguments["windows"] != nil)
  let (windows, length) = (read.windows, read.length)
  guard prompt ?? 1 < length else {
    throw UsageError(
      "A window has \(length) tokens; give a --prompt that leaves some to read step by step.")
  }
  let texts = arguments.positional.isEmpty ? ["4", "3", "2"] : arguments.positional
  let settings = try [CacheSetting.float32] + texts.map { try CacheSetting($0, for: model) }
  let results = try Evaluator(model: model, mode: mode, prompt: prompt ?? 1).evaluate(
    windows: windows, settings: settings
  ) { done in
    Terminal.progress("\(done) of \(windows.count) windows")
  }
  Terminal.endProgress()
  if arguments.has("json") {
    try Terminal.printLine(json(results))
  } else {
    try Terminal.printLine("\(windows.count) windows of \(length) tokens, \(mode.rawValue)\n")
    try Terminal.printLine(table(results))
  }
}

private func json(_ results: [Evaluation]) throws -> String {
  let encoder = JSONEncoder()
  encoder.outputFormatting = [.prettyPrinted, .sortedKeys]
  encoder.nonConformingFloatEncodingStrategy = .convertToString(
    positiveInfinity: "inf", negativeInfinity: "-inf", nan: "nan")
  return String(decoding: try encoder.encode(results), as: UTF8.self)
}

private func table(_ results: [Evaluation]) -> String {
  let heading = [
    "cache", "bits", "perplexity", "nats/token", "increase", "± windows", "± tokens", "KL",
    "± windows", "top-1", "tokens/s",
  ]
  func digits(_ value: Double, _ count: Int) -> String { String(format: "%.\(count)f", value) }
  let rows = results.map { result in
    [
      result.name, digits(result.bitsPerCoordinate, 2), digits(result.perplexity, 3),
      digits(result.loss.mean, 4),
      digits(result.increase.mean, 4), digits(result.increase.standardError, 4),
      digits(result.increase.tokenStandardError, 4), digits(result.divergence.mean, 5),
      digits(result.divergence.standardError, 5), digits(result.agreement.mean, 4),
      digits(Double(result.tokens) / result.seconds, 0),
    ]
  }
  return Table.aligned([heading] + rows, leftAligned: 1)
}

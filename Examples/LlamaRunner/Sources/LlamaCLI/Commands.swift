import Foundation
import Llama

let usage = """
  llama generate "PROMPT" [--cache SETTING] [--tokens N] [--temperature T] [--top-p P] [--seed N]
                 [--model FOLDER]
  llama evaluate [SETTING …] [--windows N] [--text FILE] [--step-by-step [--prompt N]] [--json]
                 [--model FOLDER]
  llama calibrate SETTING --output FILE [--text FILE] [--windows N] [--kind diagonal|matrix]
                 [--model FOLDER]
  llama info [--model FOLDER]

  Generate continues the prompt; at temperature 0, the default, with the likeliest tokens. Of a
  generation_config.json it takes the tokens that end a text, and names what it leaves.
  Evaluate reads a text, by default the model's valid.txt, in windows of up to 1,024 tokens and
  compares the predictions with each cache of keys and values with those with float32; step by
  step, it reads --prompt tokens at once (1) and then one by one, as when text is generated.
  Calibrate reads a text, by default the model's train.txt, finds the metrics in which the setting's
  keys lose least, and tries them on the last third of up to 60 windows, which it held out. It writes
  the better one, or nothing if that is not better than none by two standard errors.
  Without --model, the small model beside this example is used.

  A cache SETTING is \(CacheSetting.syntax.replacing("\n", with: "\n  ")).
  Evaluate compares 4, 3 and 2 unless told otherwise.
  """

/// Runs the command that the arguments name.
func run(_ words: [String]) throws {
  guard let command = words.first else {
    throw UsageError(
      "Say what to do: llama generate, llama evaluate, llama calibrate, llama info, or llama help.")
  }
  let rest = Array(words.dropFirst())
  if command != "help" && rest.contains("--help") { return try Terminal.printLine(usage) }
  switch command {
  case "generate": try generate(rest)
  case "evaluate": try evaluate(rest)
  case "calibrate": try calibrate(rest)
  case "info": try info(rest)
  case "help", "--help", "-h": try Terminal.printLine(usage)
  default: throw UsageError("There is no command \(command); llama help lists them.")
  }
}

private func info(_ words: [String]) throws {
  let arguments = try Arguments(words, options: ["model"], flags: [], positional: 0)
  let folder = try ModelFolder.find(arguments["model"])
  let configuration = try LlamaModel.check(folder: folder)
  let bytesPerToken =
    8 * configuration.layerCount * configuration.keyValueHeadCount * configuration.headDimension
  let rows = [
    ("model", folder.path),
    ("layers", "\(configuration.layerCount)"),
    ("hidden size", "\(configuration.hiddenSize)"),
    ("feed-forward size", "\(configuration.intermediateSize)"),
    ("query heads", "\(configuration.headCount)"),
    ("key and value heads", "\(configuration.keyValueHeadCount)"),
    ("head dimension", "\(configuration.headDimension)"),
    ("vocabulary", "\(configuration.vocabularySize)"),
    ("context", "\(configuration.contextLength) tokens"),
    ("float32 cache", "\(bytesPerToken) bytes per token"),
  ]
  try Terminal.printLine(Table.aligned(rows.map { [$0.0, $0.1] }, leftAligned: 2))
}

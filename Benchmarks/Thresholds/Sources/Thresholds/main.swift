// Runs one operation a given number of times, to be counted from outside: `Thresholds OPERATION TIMES FOLDER`.
// `Thresholds prepare FOLDER` writes the files that the operations open, and `Thresholds list` prints their names.

let words = CommandLine.arguments.dropFirst()

switch (words.first, words.count) {
case ("list", 1):
  for operation in operations { print(operation.name) }
case ("prepare", 2):
  try Inputs(folder: words[2]).write()
case (let name?, 3):
  guard let operation = operations.first(where: { $0.name == name }) else {
    throw UseError(description: "no operation \(name)")
  }
  guard let times = Int(words[2]), times >= 0 else {
    throw UseError(description: "\(words[2]) times, expected a number from 0")
  }
  let run = try operation.prepare(Inputs(folder: words[3]))
  // Buffers that are kept between calls are there after two: the first may find too little, the second may replace it.
  for _ in 0..<2 + times { try run() }
default:
  throw UseError(description: "use: Thresholds list | prepare FOLDER | OPERATION TIMES FOLDER")
}

/// Wrong words on the command line.
struct UseError: Error, CustomStringConvertible {
  let description: String
}

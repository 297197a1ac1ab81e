import Foundation

do {
  try await Commands(Arguments(CommandLine.arguments.dropFirst())).run()
} catch let error as UsageError {
  printError("\(error.message)\n\(usage)")
  exit(2)
} catch {
  printError(error.localizedDescription)
  exit(1)
}

import Foundation

do {
  try run(commandLine())
} catch let error as UsageError {
  Terminal.printError("\(error)")
  exit(2)
} catch {
  Terminal.printError("\(error)")
  exit(1)
}

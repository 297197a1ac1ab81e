import Foundation

/// A number from the environment, by which longer tests are asked for.
package func environmentNumber(_ name: String, default value: Int) -> Int {
  ProcessInfo.processInfo.environment[name].flatMap { Int($0) } ?? value
}

package import Testing

/// Whether the tests and what they test are compiled to be fast.
package var isOptimizedBuild: Bool {
  #if DEBUG
    false
  #else
    true
  #endif
}

/// How many draws a statistical test takes: all of them in optimised builds, which CI runs; a
/// hundredth in debug builds, where every tolerance widens with its standard error.
package func draws(_ full: Int) -> Int { isOptimizedBuild ? full : max(20, full / 100) }

/// Why a suite that needs all its draws does not run in a debug build.
package let needsOptimizedBuild: Comment =
  "statistical suite: swift test -c release -Xswiftc -enable-testing"

// tq_main is the program: it runs words in this process. With the path of a folder alone, what a process keeps and loses is
// tested.

#define _GNU_SOURCE

#include <fcntl.h>
#include <pthread.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <turboquant.h>
#include <unistd.h>

static int failures = 0;

#define REQUIRE(condition)                                        \
  do {                                                            \
    if (!(condition)) {                                           \
      printf("line %d: %s\n", __LINE__, #condition);              \
      failures++;                                                 \
    }                                                             \
  } while (0)

static void on_signal(int number) { (void)number; }

// Runs words with standard output going to a file, whose content it returns.
static int run(const char *path, char *output, size_t size, int count, const char *const *words) {
  fflush(stdout);
  const int kept = dup(STDOUT_FILENO), file = open(path, O_RDWR | O_CREAT | O_TRUNC, 0600);
  dup2(file, STDOUT_FILENO);
  const int status = tq_main(count, words);
  dup2(kept, STDOUT_FILENO);
  const ssize_t length = pread(file, output, size - 1, 0);
  output[length < 0 ? 0 : length] = 0;
  close(kept);
  close(file);
  return status;
}

static void statuses(const char *path) {
  static char output[1 << 16];
  REQUIRE(run(path, output, sizeof output, 2, (const char *const[]){"turboquant", "--version"}) == 0);
  REQUIRE(strncmp(output, "turboquant ", 11) == 0 && strncmp(output + 11, tq_version(), strlen(tq_version())) == 0);
  REQUIRE(run(path, output, sizeof output, 0, NULL) == 0 && strstr(output, "index build") != NULL);
  REQUIRE(run(path, output, sizeof output, -7, NULL) == 0 && run(path, output, sizeof output, 7, NULL) == 0);
  REQUIRE(run(path, output, sizeof output, 9, (const char *const[]){"turboquant", "--version", NULL}) == 0);
  const int null = open("/dev/null", O_WRONLY);
  dup2(null, STDERR_FILENO);
  close(null);
  REQUIRE(run(path, output, sizeof output, 2, (const char *const[]){"", "nonsense"}) == 2 && output[0] == 0);
  REQUIRE(run(path, output, sizeof output, 2, (const char *const[]){"", "\xff"}) == 2);
  REQUIRE(run(path, output, sizeof output, 3, (const char *const[]){"", "verify", "/no/such"}) == 1);
  // A full disk.
  const int kept = dup(STDOUT_FILENO), full = open("/dev/full", O_WRONLY);
  if (full >= 0) {
    dup2(full, STDOUT_FILENO);
    const int status = tq_main(2, (const char *const[]){"", "--version"});
    dup2(kept, STDOUT_FILENO);
    REQUIRE(status == 1);
    close(full);
  }
  close(kept);
  dup2(STDOUT_FILENO, STDERR_FILENO);
}

// What the process has for signals is there again, and no thread takes them any more.
static void signals(const char *path) {
  static char output[1 << 16];
  struct sigaction handler = {.sa_handler = on_signal, .sa_flags = SA_RESTART}, found;
  const int numbers[] = {SIGINT, SIGTERM, SIGHUP, SIGPIPE, SIGXFSZ};
  for (size_t i = 0; i < 5; i++) sigaction(numbers[i], &handler, NULL);
  sigset_t blocked, before, after;
  sigemptyset(&blocked);
  sigaddset(&blocked, SIGUSR1);
  sigaddset(&blocked, SIGHUP);
  pthread_sigmask(SIG_SETMASK, &blocked, &before);
  for (int i = 0; i < 50; i++) {
    REQUIRE(run(path, output, sizeof output, 2, (const char *const[]){"", "--version"}) == 0);
  }
  pthread_sigmask(SIG_SETMASK, &before, &after);
  for (size_t i = 0; i < 5; i++) {
    sigaction(numbers[i], NULL, &found);
    REQUIRE(found.sa_handler == on_signal && (found.sa_flags & SA_RESTART) != 0);
    REQUIRE(sigismember(&after, numbers[i]) == sigismember(&blocked, numbers[i]));
    signal(numbers[i], SIG_DFL);
  }
}

// A child that runs `words` with a standard output that nobody reads, or until a signal ends it.
static int end_of(const char *const *words, int count, int number, const char *folder, const char *awaited) {
  int ends[2];
  if (pipe(ends) != 0) return -1;
  const pid_t child = fork();
  if (child == 0) {
    alarm(60);
    if (chdir(folder) != 0) _exit(99);
    close(ends[0]);
    dup2(ends[1], STDOUT_FILENO);
    // As Python does.
    signal(SIGPIPE, SIG_IGN);
    _exit(tq_main(count, words));
  }
  close(ends[0]);
  close(ends[1]);
  int status = 0;
  char command[4600];
  snprintf(command, sizeof command, "ls -A '%s' | grep -q '%s'", folder, awaited);
  for (int i = 0; number != 0 && i < 3000 && system(command) != 0; i++) usleep(10000);
  REQUIRE(number == 0 || system(command) == 0);
  if (number != 0) kill(child, number);
  waitpid(child, &status, 0);
  REQUIRE(system(command) != 0);
  return WIFSIGNALED(status) ? WTERMSIG(status) : -WEXITSTATUS(status);
}

int main(int argc, const char **argv) {
  if (argc != 2 || argv[1][0] != '/') return tq_main(argc, argv);
  char path[4200];
  snprintf(path, sizeof path, "%s/output", argv[1]);
  signals(path);
  statuses(path);
  REQUIRE(end_of((const char *const[]){"", "--help"}, 2, 0, argv[1], "turboquant-") == SIGPIPE);
  // Waits for rows that do not come: the file that it writes is unfinished.
  int rows[2];
  if (pipe(rows) != 0) return 1;
  dup2(rows[0], STDIN_FILENO);
  static const char header[] = "\x93NUMPY\x01\x00\x76\x00{'descr': '<f4', 'fortran_order': False, 'shape': (100000, 4), }";
  static char npy[128 + 1600];
  memset(npy, ' ', 127);
  memcpy(npy, header, sizeof header - 1);
  npy[127] = '\n';
  for (size_t i = 0; i < 400; i++) memcpy(npy + 128 + 4 * i, &(float){1}, 4);
  for (size_t i = 0; i < 3; i++) {
    if (write(rows[1], npy, sizeof npy) != sizeof npy) return 1;
    const int number = (const int[]){SIGINT, SIGTERM, SIGHUP}[i];
    REQUIRE(end_of((const char *const[]){"", "encode", "-", "-o", "x.tqv"}, 5, number, argv[1], "turboquant-") == number);
  }
  if (failures == 0) printf("the process is as it was\n");
  return failures != 0;
}

package usageprocessor

import (
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"testing/synctest"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// breakJournal makes every write to the open journal in dir fail as on a full
// disk. It works with file descriptors, because the component owns its files.
func breakJournal(t *testing.T, dir string) {
	t.Helper()
	full, err := os.OpenFile("/dev/full", os.O_WRONLY, 0)
	require.NoError(t, err)
	defer func() { assert.NoError(t, full.Close()) }()
	fd := journalDescriptor(t, dir)
	require.NoError(t, syscall.Dup3(int(full.Fd()), fd, syscall.O_CLOEXEC))
}

func journalDescriptor(t *testing.T, dir string) int {
	t.Helper()
	for fd := range 1 << 10 {
		target, err := os.Readlink("/proc/self/fd/" + strconv.Itoa(fd))
		if err == nil && filepath.Dir(target) == dir && strings.HasSuffix(target, ".journal") {
			return fd
		}
	}
	t.Fatalf("no journal in %s is open", dir)
	return 0
}

// What the last flush could not write is lost, unless something else saves it.
// Shutdown says so: nil means that everything acknowledged is stored.
func TestLifecycleShutdownReturnsFlushError_A_R3(t *testing.T) {
	for _, durability := range []string{durabilityInterval, durabilityWrite} {
		for name, directoryIsGone := range map[string]bool{"journal fails": false, "everything fails": true} {
			t.Run(durability+", "+name, func(t *testing.T) {
				synctest.Test(t, func(t *testing.T) {
					dir := filepath.Join(t.TempDir(), "state")
					r := newRig(t, "life", keptIn(dir, durability))
					in := r.startTraces()
					var ids spanIDs
					require.NoError(t, in.ConsumeTraces(t.Context(), ids.served("/a", 1)))
					breakJournal(t, dir)
					if directoryIsGone {
						require.NoError(t, os.RemoveAll(dir))
					}
					consumed := in.ConsumeTraces(t.Context(), ids.served("/a", 2))
					err := in.Shutdown(t.Context())
					if directoryIsGone {
						require.Error(t, err, "nothing can have been stored")
						require.ErrorContains(t, err, dir)
					}
					require.NoError(t, in.Shutdown(t.Context()), "a second Shutdown has nothing to do")
					if err == nil && consumed == nil {
						assert.Equal(t, 3, r.stored().served("/a"), "Shutdown returned nil")
					}
				})
			})
		}
	}
}

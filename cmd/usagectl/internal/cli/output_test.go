package cli

import (
	"errors"
	"io"
	"os"
	"path/filepath"
	"testing"
)

// A file is there when all of it is, as it was before, or not at all.
func TestOutputIsWholeOrNotThere(t *testing.T) {
	dir := t.TempDir()
	name := filepath.Join(dir, "report.csv")
	e := &Environment{Out: io.Discard}
	broken := errors.New("the connection broke")
	write := func(err error) func(io.Writer) error {
		return func(w io.Writer) error {
			_, failed := io.WriteString(w, "half")
			return errors.Join(failed, err)
		}
	}
	if err := e.writeOutput(name, write(broken)); !errors.Is(err, broken) {
		t.Errorf("error = %v", err)
	}
	if entries, err := os.ReadDir(dir); err != nil || len(entries) > 0 {
		t.Errorf("there is %v, %v", entries, err)
	}
	if err := os.WriteFile(name, []byte("before"), 0o600); err != nil {
		t.Fatal(err)
	}
	for _, tt := range []struct {
		err  error
		want string
	}{{broken, "before"}, {nil, "half"}} {
		if err := e.writeOutput(name, write(tt.err)); !errors.Is(err, tt.err) {
			t.Errorf("error = %v, want %v", err, tt.err)
		}
		if text, err := os.ReadFile(name); err != nil || string(text) != tt.want {
			t.Errorf("the file has %q, %v, want %q", text, err, tt.want)
		}
	}
	if entries, err := os.ReadDir(dir); err != nil || len(entries) != 1 {
		t.Errorf("there is %v, %v", entries, err)
	}
}

package cli

import (
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
)

// standardName is how a file is called that is no file but standard input or output.
const standardName = "-"

// writeOutput lets write fill a file, which is there when all of it is and not before,
// or standard output.
func (e *Environment) writeOutput(name string, write func(io.Writer) error) error {
	if name == "" || name == standardName {
		return write(e.Out)
	}
	file, err := os.CreateTemp(filepath.Dir(name), "."+filepath.Base(name)+".*")
	if err != nil {
		return fmt.Errorf("make `%s`: %w", name, err)
	}
	err = write(file)
	if err == nil {
		err = file.Sync()
	}
	if err = errors.Join(err, file.Close()); err == nil {
		err = os.Rename(file.Name(), name)
	}
	if err != nil {
		return errors.Join(err, os.Remove(file.Name()))
	}
	return nil
}

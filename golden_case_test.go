package usageprocessor

import (
	"errors"
	"fmt"
	"io/fs"
	"slices"
	"strings"
	"testing"
	"testing/fstest"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"go.opentelemetry.io/collector/consumer/consumererror"
	"golang.org/x/tools/txtar"
)

// The sections of a stage. `out` and `self` are written by `go test -update`.
const (
	// sectionConfig is the processor's block in YAML; $STATE is a directory
	// that outlives a restart. It belongs where the processor starts.
	sectionConfig = "config"
	// sectionRestart ends the Collector and starts it again before the stage.
	sectionRestart = "restart"
	// sectionIn is one batch of spans, see golden_input_test.go.
	sectionIn = "in"
	// sectionLogs is one batch of log records, see golden_logs_test.go.
	sectionLogs = "logs"
	// sectionMetrics is one batch of data points, see golden_metrics_test.go.
	sectionMetrics = "metrics"
	// sectionDownstream says how the consumer of the batches fails.
	sectionDownstream = "downstream"
	// sectionExit says how the consumer of the usage metrics fails.
	sectionExit = "exit"
	// sectionOut is the usage that the next export after the batch contains.
	sectionOut = "out"
	// sectionSelf is what the processor says about itself since its start.
	sectionSelf = "self"
)

// How a consumer can fail.
const (
	failsForNow  = "retryable"
	failsForGood = "permanent"
)

// stage is one file of a case. Its batches are sent in the order in which they
// stand.
type stage struct {
	file     string
	number   int
	archive  *txtar.Archive
	sections map[string]string
}

// loadCase reads the stages of a case and refuses everything that would not be
// run as it is written.
func loadCase(folder fs.FS) ([]stage, error) {
	files, err := fs.ReadDir(folder, ".")
	if err != nil {
		return nil, err
	}
	if len(files) == 0 {
		return nil, errors.New("there are no stages")
	}
	stages := make([]stage, len(files))
	for i := range stages {
		s := &stages[i]
		s.number = i + 1
		s.file = fmt.Sprintf("%d.test", s.number)
		text, err := fs.ReadFile(folder, s.file)
		if err != nil {
			return nil, fmt.Errorf("%s is missing: stages are 1.test, 2.test and so on, without other files", s.file)
		}
		if err := s.parse(text); err != nil {
			return nil, fmt.Errorf("%s: %w", s.file, err)
		}
	}
	return stages, nil
}

func (s *stage) parse(text []byte) error {
	s.archive, s.sections = txtar.Parse(text), map[string]string{}
	known := []string{sectionConfig, sectionRestart, sectionIn, sectionLogs, sectionMetrics, sectionDownstream, sectionExit, sectionOut, sectionSelf}
	for _, section := range s.archive.Files {
		switch {
		case !slices.Contains(known, section.Name):
			return fmt.Errorf("there is no section `%s`", section.Name)
		case s.has(section.Name):
			return fmt.Errorf("section `%s` is there twice", section.Name)
		}
		s.sections[section.Name] = strings.TrimRight(string(section.Data), "\n")
	}
	return s.valid()
}

func (s *stage) valid() error {
	switch {
	case len(s.archive.Comment) == 0:
		return errors.New("it begins without saying what the case shows")
	case s.number == 1 && s.has(sectionRestart):
		return errors.New("there is nothing to restart yet")
	case s.sections[sectionRestart] != "":
		return errors.New("section `restart` says something")
	case s.has(sectionDownstream) && !s.has(sectionIn) && !s.has(sectionLogs) && !s.has(sectionMetrics):
		return errors.New("there is nothing that downstream could refuse")
	case s.number > 1 && s.has(sectionConfig) && !s.has(sectionRestart):
		return errors.New("a config is read at a start only: in 1.test and after a restart")
	}
	for _, section := range []string{sectionDownstream, sectionExit} {
		if s.has(section) && s.failure(section) == nil {
			return fmt.Errorf("section `%s` says %q: it can say %s or %s", section, s.sections[section], failsForNow, failsForGood)
		}
	}
	return nil
}

func (s *stage) has(section string) bool {
	_, ok := s.sections[section]
	return ok
}

// failure is the error that a section asks for.
func (s *stage) failure(section string) error {
	switch s.sections[section] {
	case failsForNow:
		return errors.New("come back later")
	case failsForGood:
		return consumererror.NewPermanent(errors.New("never"))
	default:
		return nil
	}
}

// compare compares a section with what was found, or replaces it.
func (s *stage) compare(t *testing.T, section, found string) {
	t.Helper()
	if !*update {
		assert.True(t, s.has(section), "%s has no section `%s`", s.file, section)
		assert.Equal(t, s.sections[section], found, "%s: %s", s.file, section)
		return
	}
	if found != "" {
		found += "\n"
	}
	for i := range s.archive.Files {
		if s.archive.Files[i].Name == section {
			s.archive.Files[i].Data = []byte(found)
			return
		}
	}
	s.archive.Files = append(s.archive.Files, txtar.File{Name: section, Data: []byte(found)})
}

// text is the stage as a file.
func (s *stage) text() []byte { return txtar.Format(s.archive) }

// TestGoldenFolders makes sure that a case which is not run as it is written
// fails instead of passing.
func TestGoldenFolders(t *testing.T) {
	const (
		whole = "The rule.\n-- in --\n-- out --\n-- self --\n"
		gap   = "2.test is missing: stages are 1.test, 2.test and so on, without other files"
	)
	for name, tt := range map[string]struct {
		files map[string]string
		want  string
	}{
		"two stages":         {map[string]string{"1.test": whole, "2.test": whole + "-- restart --\n-- config --\n"}, ""},
		"no stage":           {nil, "there are no stages"},
		"three signals":      {map[string]string{"1.test": "The rule.\n-- metrics --\n-- logs --\n-- downstream --\npermanent\n-- in --\n-- out --\n-- self --\n"}, ""},
		"a gap":              {map[string]string{"1.test": whole, "3.test": whole}, gap},
		"another file":       {map[string]string{"1.test": whole, "notes": whole}, gap},
		"no rule":            {map[string]string{"1.test": "-- in --\n"}, "1.test: it begins without saying what the case shows"},
		"unknown section":    {map[string]string{"1.test": whole + "-- Out --\n"}, "1.test: there is no section `Out`"},
		"section twice":      {map[string]string{"1.test": whole + "-- in --\n"}, "1.test: section `in` is there twice"},
		"restart at first":   {map[string]string{"1.test": whole + "-- restart --\n"}, "1.test: there is nothing to restart yet"},
		"restart with text":  {map[string]string{"1.test": whole, "2.test": whole + "-- restart --\nnow\n"}, "2.test: section `restart` says something"},
		"config of nothing":  {map[string]string{"1.test": whole, "2.test": whole + "-- config --\n"}, "2.test: a config is read at a start only: in 1.test and after a restart"},
		"failure of nothing": {map[string]string{"1.test": "The rule.\n-- downstream --\npermanent\n"}, "1.test: there is nothing that downstream could refuse"},
		"unknown failure":    {map[string]string{"1.test": whole + "-- exit --\nslow\n"}, "1.test: section `exit` says \"slow\": it can say retryable or permanent"},
	} {
		t.Run(name, func(t *testing.T) {
			folder := fstest.MapFS{}
			for file, text := range tt.files {
				folder[file] = &fstest.MapFile{Data: []byte(text)}
			}
			_, err := loadCase(folder)
			if tt.want == "" {
				require.NoError(t, err)
				return
			}
			require.EqualError(t, err, tt.want)
		})
	}
}

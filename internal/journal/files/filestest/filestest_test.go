package filestest_test

import (
	"testing"

	"github.com/otelusage/usageprocessor/internal/journal/files/filestest"
)

func TestDirectory(t *testing.T) {
	filestest.Run(t, func(t *testing.T) filestest.Place { return filestest.InDirectory(t) })
}

func TestMemory(t *testing.T) {
	filestest.Run(t, func(*testing.T) filestest.Place { return filestest.InMemory() })
}

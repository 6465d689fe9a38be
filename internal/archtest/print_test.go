package archtest

import (
	"go/ast"
	"go/parser"
	"go/token"
	"io/fs"
	"path/filepath"
	"slices"
	"strings"
	"testing"
)

// D-R9: a component writes to the logger that it is given, never to standard
// output or standard error.
func TestNothingPrints_D_R9(t *testing.T) {
	checked := 0
	err := filepath.WalkDir(root, func(path string, entry fs.DirEntry, err error) error {
		if err != nil {
			return err
		}
		if entry.IsDir() && slices.Contains([]string{".git", ".tools", "bin", "build", "cmd", "examples"}, entry.Name()) {
			return filepath.SkipDir
		}
		if !strings.HasSuffix(path, ".go") || strings.HasSuffix(path, "_test.go") {
			return nil
		}
		file, err := parser.ParseFile(token.NewFileSet(), path, nil, 0)
		if err != nil {
			return err
		}
		checked++
		for _, name := range prints(file) {
			t.Errorf("%s uses %s", path, name)
		}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	if checked == 0 {
		t.Error("no file was looked at")
	}
}

// prints returns what a file writes to the standard streams with.
func prints(file *ast.File) (found []string) {
	ast.Inspect(file, func(n ast.Node) bool {
		switch n := n.(type) {
		case *ast.CallExpr:
			if f, ok := n.Fun.(*ast.Ident); ok && (f.Name == "print" || f.Name == "println") {
				found = append(found, f.Name)
			}
		case *ast.SelectorExpr:
			pkg, ok := n.X.(*ast.Ident)
			if !ok {
				return true
			}
			name := pkg.Name + "." + n.Sel.Name
			if strings.HasPrefix(name, "fmt.Print") || name == "os.Stdout" || name == "os.Stderr" {
				found = append(found, name)
			}
		}
		return true
	})
	return found
}

func TestPrints(t *testing.T) {
	const source = `package p
func f() { fmt.Println(1); println(2); fmt.Fprint(os.Stderr, 3); fmt.Errorf("no") }`
	file, err := parser.ParseFile(token.NewFileSet(), "p.go", source, 0)
	if err != nil {
		t.Fatal(err)
	}
	if got, want := prints(file), []string{"fmt.Println", "println", "os.Stderr"}; !slices.Equal(got, want) {
		t.Errorf("prints = %q, want %q", got, want)
	}
}

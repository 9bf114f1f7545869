package lines

import (
	"crypto/tls"
	"crypto/x509"
	"encoding/json"
	"os"
)

// Way is how a client is to come in, behind TLS: driver.ts says of what.
type Way struct {
	CA    string `json:"ca"`
	Cert  string `json:"cert"`
	Key   string `json:"key"`
	LogIn *struct {
		Mechanism string `json:"mechanism"`
		Username  string `json:"username"`
		Password  string `json:"password"`
		Token     string `json:"token"`
	} `json:"logIn"`
}

// TheWay is the program's second argument; nil where it comes in as everybody.
func TheWay() *Way {
	if len(os.Args) < 3 {
		return nil
	}
	way := &Way{}
	if err := json.Unmarshal([]byte(os.Args[2]), way); err != nil {
		panic(err)
	}
	return way
}

// TLS has whom it trusts, and what it shows of itself.
func (w *Way) TLS() *tls.Config {
	pem, err := os.ReadFile(w.CA)
	if err != nil {
		panic(err)
	}
	trusted := x509.NewCertPool()
	trusted.AppendCertsFromPEM(pem)
	config := &tls.Config{RootCAs: trusted, ServerName: "127.0.0.1"}
	if w.Cert != "" {
		own, err := tls.LoadX509KeyPair(w.Cert, w.Key)
		if err != nil {
			panic(err)
		}
		config.Certificates = []tls.Certificate{own}
	}
	return config
}

package discover
import ("testing";"context";"time";"gate/internal/git")
func TestM(t *testing.T){ ctx:=context.Background(); r,err:=git.Open(ctx,"/tmp/n3/big"); if err!=nil{t.Fatal(err)}; defer r.Close()
w,err:=Open(ctx,"/tmp/n3/big",r); if err!=nil{t.Fatal(err)}
s:=time.Now(); Collect(ctx,w); t.Log("work",time.Since(s))
s=time.Now(); b,_:=r.Tree(ctx,"main"); t.Log("tree",time.Since(s))
s=time.Now(); Collect(ctx,b); t.Log("base",time.Since(s)) }

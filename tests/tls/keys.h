/*
 * keys.h -- an authority and two servers, leat.test and *.leat.test, made by openssl for the tests
 * of TLS. Their keys are public, so they are worthless elsewhere.
 */
#ifndef KEYS_H
#define KEYS_H

static const char authority_pem[] =
    "-----BEGIN CERTIFICATE-----\n"
    "MIIBoDCCAUegAwIBAgIUZv1empHsUprB9OjxXY/fzi/Hm2gwCgYIKoZIzj0EAwIw\n"
    "HjEcMBoGA1UEAwwTbGVhdCB0ZXN0IGF1dGhvcml0eTAeFw0yNjExMjIxODE2MTla\n"
    "Fw00NjExMTcxODE2MTlaMB4xHDAaBgNVBAMME2xlYXQgdGVzdCBhdXRob3JpdHkw\n"
    "WTATBgcqhkjOPQIBBggqhkjOPQMBBwNCAASUFlzFTSUaoIerdiDh/9G+cvw18nQh\n"
    "SnILVZOLmyoPmwHry8cmuvNk/Yhkp9e9HjDJzQLzHAzRcc0G7wuY8nLJo2MwYTAd\n"
    "BgNVHQ4EFgQUd9qbDXhSvPcbAVs5tJzd6K3ccQkwHwYDVR0jBBgwFoAUd9qbDXhS\n"
    "vPcbAVs5tJzd6K3ccQkwDwYDVR0TAQH/BAUwAwEB/zAOBgNVHQ8BAf8EBAMCAgQw\n"
    "CgYIKoZIzj0EAwIDRwAwRAIgMzy7DhuHMqW5Ggltsnw69X5Z7ZY4euRKwLK7W9zp\n"
    "b3QCICZ9ROG7I9JPCpuzFJghBWG0Eatq/jL30jGFsdG20WPG\n"
    "-----END CERTIFICATE-----\n";

static const char ec_pem[] = "-----BEGIN CERTIFICATE-----\n"
                             "MIIBwzCCAWqgAwIBAgIUDJsBfPEaXYgl15o0PNdAxCopPzEwCgYIKoZIzj0EAwIw\n"
                             "HjEcMBoGA1UEAwwTbGVhdCB0ZXN0IGF1dGhvcml0eTAeFw0yNjExMjIxODE2MjBa\n"
                             "Fw00NjA4MDkxODE2MjBaMA0xCzAJBgNVBAMMAmVjMFkwEwYHKoZIzj0CAQYIKoZI\n"
                             "zj0DAQcDQgAEHuI/eLvcH5mL5DdN1fnKyDGhe/9xv7160+FCaPavnakLcqbMcUu5\n"
                             "nDichSO6t4JI9YFkRJt+ttcfJGIGjtBO1aOBljCBkzAhBgNVHREEGjAYgglsZWF0\n"
                             "LnRlc3SCCyoubGVhdC50ZXN0MAkGA1UdEwQCMAAwDgYDVR0PAQH/BAQDAgeAMBMG\n"
                             "A1UdJQQMMAoGCCsGAQUFBwMBMB0GA1UdDgQWBBSEsT4ht7AwsY+hLJ/aY1ZnGMSh\n"
                             "6jAfBgNVHSMEGDAWgBR32psNeFK89xsBWzm0nN3ordxxCTAKBggqhkjOPQQDAgNH\n"
                             "ADBEAiAacPg5B2P1kz9LWjKhLLyhrycZdFp9MhhZ4VzuflBsCQIgGYEPpmhSDhkp\n"
                             "RnCQDoWbQAAxhWI4I/yUI3wXlA/N5uE=\n"
                             "-----END CERTIFICATE-----\n";

static const char ec_key[] = "-----BEGIN PRIVATE KEY-----\n"
                             "MIGHAgEAMBMGByqGSM49AgEGCCqGSM49AwEHBG0wawIBAQQgsPgK4MstJ+u7gL56\n"
                             "mzeIdeNN22iPAcCK3ONxv3Ts7Q+hRANCAAQe4j94u9wfmYvkN03V+crIMaF7/3G/\n"
                             "vXrT4UJo9q+dqQtypsxxS7mcOJyFI7q3gkj1gWREm3621x8kYgaO0E7V\n"
                             "-----END PRIVATE KEY-----\n";

static const char rsa_pem[] = "-----BEGIN CERTIFICATE-----\n"
                              "MIICkDCCAjagAwIBAgIUDJsBfPEaXYgl15o0PNdAxCopPzIwCgYIKoZIzj0EAwIw\n"
                              "HjEcMBoGA1UEAwwTbGVhdCB0ZXN0IGF1dGhvcml0eTAeFw0yNjExMjIxODE2MjBa\n"
                              "Fw00NjA4MDkxODE2MjBaMA4xDDAKBgNVBAMMA3JzYTCCASIwDQYJKoZIhvcNAQEB\n"
                              "BQADggEPADCCAQoCggEBAJw8rAIWzMatOyzQYWpuEPvAHs4cL9+OZah4lIlouhDD\n"
                              "+IFQhOrb1IjMZGYso8fpsWx0rSBgCu5vHExp2uLiuHHlVhGxCsINZ3/rtvilGibA\n"
                              "+YJW6RDzD4Hw5e/8PXynS8Yx5RsgMDKXovqSoX3vAmOmEx43IKkU0plKNqbT3E2F\n"
                              "rX2yQsVy37Q/LW6P85UTVn7hSWfjVQzEdTtyhuPUYFuVFun7NQK+h+u6SZYDyLqC\n"
                              "zjyyPyKOHzW+Vd6YrIXICnh49+tZ9aD+nwe12w5d+mYKtzBdHCyOl3KDazkLW3CW\n"
                              "uaO6UZr/qB3WINjn8PGc9xujhK/HPgCr57HKELJgpNcCAwEAAaOBljCBkzAhBgNV\n"
                              "HREEGjAYgglsZWF0LnRlc3SCCyoubGVhdC50ZXN0MAkGA1UdEwQCMAAwDgYDVR0P\n"
                              "AQH/BAQDAgeAMBMGA1UdJQQMMAoGCCsGAQUFBwMBMB0GA1UdDgQWBBSa2BSd4MMc\n"
                              "uTPuL9spwJBIoGBm5TAfBgNVHSMEGDAWgBR32psNeFK89xsBWzm0nN3ordxxCTAK\n"
                              "BggqhkjOPQQDAgNIADBFAiEAloA4eVOmoncdU9LbA77puqYk5AEQSWIznD+qcMvO\n"
                              "19gCIGLzyS0/w83z58Nu3tCjTOVgB5G2KgGiwugA6gSuL0D9\n"
                              "-----END CERTIFICATE-----\n";

static const char rsa_key[] = "-----BEGIN PRIVATE KEY-----\n"
                              "MIIEvQIBADANBgkqhkiG9w0BAQEFAASCBKcwggSjAgEAAoIBAQCcPKwCFszGrTss\n"
                              "0GFqbhD7wB7OHC/fjmWoeJSJaLoQw/iBUITq29SIzGRmLKPH6bFsdK0gYArubxxM\n"
                              "adri4rhx5VYRsQrCDWd/67b4pRomwPmCVukQ8w+B8OXv/D18p0vGMeUbIDAyl6L6\n"
                              "kqF97wJjphMeNyCpFNKZSjam09xNha19skLFct+0Py1uj/OVE1Z+4Uln41UMxHU7\n"
                              "cobj1GBblRbp+zUCvofrukmWA8i6gs48sj8ijh81vlXemKyFyAp4ePfrWfWg/p8H\n"
                              "tdsOXfpmCrcwXRwsjpdyg2s5C1twlrmjulGa/6gd1iDY5/DxnPcbo4Svxz4Aq+ex\n"
                              "yhCyYKTXAgMBAAECggEAJx1bdPRvVQg2qewLj4E52EVLkQ9mfuIgGlMB4Prqplrh\n"
                              "wsI9XK0now4Ezr27TUf5Bu2ZEGNrKTGBFLJlverEAaPIbgp0ZovDjzecqdhv2Sbz\n"
                              "8IlAtWEcz0vXzULJxAUASADi2m0vE+N5xqDiNGybnQYNgEGN+DbB2OXHE/Izk+aQ\n"
                              "6VAOS5BuScupd85v1oBiG8vdan67h/ou6kTF3TeDfSSpA08V4WGX8TiBsyQCCxJZ\n"
                              "YQQcxVPj9PD+skL7rfpHiA7RfQunktT/aHTvs9YOfMOozNOK/jysoF5iZtaj0fhN\n"
                              "nSbuoB27jnljpgyx8L1VBas2gu9mvXzvDBasrHcXXQKBgQDUya9h6DGWfFt1Sl2A\n"
                              "pu/RypLnRbiHcpEXq5kmA39SYpywMlyW7s45Ydgmq1oOfu12/+EJZjNy/LQzbiO5\n"
                              "G1Jz7+JmxU+Qz2QkxVyGWaQOC1z5VsBm4YhOiZxwecpK0HTxXUl93eFMJkEHO9TG\n"
                              "IEXdZrLzFAX1tcfKynKc61sf9QKBgQC79wxk8EdlkJNamKwPstJqC2CEoA/7WJCb\n"
                              "wTSA4p60G1cvShhwlsZepLZ9QuZ/LvJpQr0R+7jCiYTG2w8XDYffyFfCBqNaLZBs\n"
                              "/WdE82vduMSbMmS8kTvVyv/qglNFTllRjDcF2oYhLFfxlAUeBE1MQl+yFT0GJ55e\n"
                              "XzaMz0VuGwKBgFqSCgN7aHfsMKWI5KmY5KUAO20TIQsN+bIAiSxD+tKfRKA+n2hi\n"
                              "9wY3nmA/ORLIddzb5vYwOR/tbeoiLDRi68KLTWt++nHhxHdeRhatWwXbUlSS10wz\n"
                              "HOiI7Dx3qmITvmLp2Rko8veNpMombldybypgxzRtxmeiWwr3BrfB+cRtAoGBAJyU\n"
                              "ZmzHhJJk53t25w6Exqe0JokU1XtqAbzeK6CaJ96dT/mC3e0cjM9Wovah/mVAdIuf\n"
                              "HuWWLglQiZ0l6uInUWLn/8MPyJBcmI1SYu6bYOXo/07Rof07dv7YBmwSeM+pPtqh\n"
                              "1Uw5B7cmu3Pw/HpO1x2JxTISYy13X4P6CPUvzQS1AoGAD8zYEpPyNbgRC3XPH2hi\n"
                              "ELSFnvuIERVCHzOkmcVqm9YpklXeYMcsX06+9bO5eVJesvzKMMY0/zJ4giMR4fvV\n"
                              "a7xecTCpJR5InvNCxmxHny/CA58H6ONYA1rhIrLiqg2KDYWIHTQCYCTSEBUVNLQD\n"
                              "luAyQ0l8GnawOFvOYOT/1Tk=\n"
                              "-----END PRIVATE KEY-----\n";

#endif

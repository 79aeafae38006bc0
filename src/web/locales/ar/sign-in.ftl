sign-in-title = تسجيل الدخول
sign-in-name = اسم الدخول
sign-in-name-help = الاسم الذي أعطاك إياه المدير، مع الأحرف الأربعة في آخره.
sign-in-passphrase = عبارة المرور
sign-in-button = دخول
sign-in-first-time = لدي رمز وليست لدي عبارة مرور بعد
sign-in-refused = الاسم وعبارة المرور غير متطابقين، أو كانت المحاولات كثيرة. انتظر قليلاً أو اطلب رمزاً جديداً من المدير.
sign-in-chosen = تم حفظ عبارة المرور. سجّل الدخول بها.
sign-in-cannot = لا أستطيع الدخول
sign-in-cannot-help = اطلب رمزاً جديداً من مدير منظمتك، وبه تختار عبارة مرور جديدة. لا أحد هنا يستطيع قراءة عبارتك أو إرسالها إليك.
passphrase-title = اختر عبارة مرور
passphrase-lead = بالرمز الذي أعطاك إياه المدير. يُستعمل مرة واحدة.
passphrase-code = الرمز
passphrase-new = عبارة المرور الجديدة
passphrase-again = العبارة نفسها مرة أخرى
passphrase-help = { $least ->
    [one] حرف واحد
    [two] حرفان
    [few] { $least } أحرف
    [many] { $least } حرفاً
   *[other] { $least } حرف
} على الأقل. أربع كلمات لا صلة بينها تكفي.
passphrase-button = احفظ عبارة المرور
passphrase-back = العودة إلى تسجيل الدخول
passphrase-no-code = اكتب الرمز الذي أعطاك إياه المدير
passphrase-bad-code = لم يعد هذا الرمز صالحاً؛ اطلب رمزاً جديداً من المدير
passphrase-short = عبارة المرور { $least ->
    [one] حرف واحد
    [two] حرفان
    [few] { $least } أحرف
    [many] { $least } حرفاً
   *[other] { $least } حرف
} على الأقل
passphrase-long = عبارة المرور طويلة جداً
passphrase-differs = العبارتان غير متطابقتين؛ اكتب العبارة مرة أخرى
sign-in-directory = الخدمات التي يراها الجميع
sign-in-code = أُعطيت رمزاً ورقماً سرياً
